"""No file outgrows a reader, or is named after nothing: `check_file_sizes.py [ROOT]`."""
import source_tree

MOST_LINES = 600
MOST_BYTES = 400_000
SOURCES = (".h", ".cpp", ".inc", ".py", ".sh", ".cmake", "CMakeLists.txt", "/dev")
LONG_LISTS = ("rushlight/core/op_list.h",)  # one list of all ops is the point of it
EMPTY_NAMES = {"util", "utils", "misc", "common", "helper", "helpers"}


def check(root):
    for path in source_tree.files(root, ""):
        size = source_tree.size(root, path)
        if size > MOST_BYTES:
            yield f"{path}:1: {size} bytes: data stays out of the repository ({MOST_BYTES} at most)"
        elif f"/{path}".endswith(SOURCES):
            count = sum(1 for _ in source_tree.lines(root, path))
            if count > MOST_LINES and path.as_posix() not in LONG_LISTS:
                yield f"{path}:{count}: {count} lines, {MOST_LINES} at most"
        if path.stem in EMPTY_NAMES:
            yield f"{path}:1: a name that does not say what is in it"


if __name__ == "__main__":
    source_tree.run(check)
