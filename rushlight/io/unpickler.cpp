#include "rushlight/io/unpickler.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <map>

#include "rushlight/base/utf8.h"
#include "rushlight/io/byte_reader.h"

namespace rushlight::io {

namespace {

using Kind = PickleNode::Kind;
using Id = uint32_t;

constexpr size_t kMostNodes = size_t{1} << 22;  // a model of a hundred thousand tensors has half as many

template <class... Parts>
[[noreturn]] void refuse(const Parts&... parts) {
  fail(ErrorKind::value, "[pickle] ", parts...);
}

class Unpickler {
 public:
  Unpickler(std::string_view bytes, std::span<const std::string_view> allowed)
      : in_(bytes, "pickle"), allowed_(allowed) {}

  Pickle whole() {
    while (step(in_.get<uint8_t>())) {
    }
    if (stack_.size() != 1 || !marks_.empty()) refuse("the end comes before all values are complete");
    if (in_.left() > 0) refuse(in_.left(), " bytes follow the end");
    return {std::move(nodes_), stack_[0]};
  }

 private:
  // -- one instruction; false after the last. The letters are those of Python's pickle module.
  bool step(uint8_t code) {
    switch (code) {
      case '.': return false;
      case 0x80: read_protocol(); break;
      case 0x95: in_.get<uint64_t>(); break;  // a frame: its length is only for whoever reads in blocks
      case '(': marks_.push_back(stack_.size()); break;
      case '0': pop(); break;
      case '1': pop_to_mark(); break;
      case '2': push(top()); break;
      default:
        if (!step_number(code) && !step_text(code) && !step_container(code) && !step_memo(code) &&
            !step_object(code))
          refuse("instruction ", code, " before byte ", in_.at(), " is none that data need");
    }
    return true;
  }

  bool step_number(uint8_t code) {
    switch (code) {
      case 'N': add(Kind::none); return true;
      case 0x88: add_integer(1, Kind::boolean); return true;
      case 0x89: add_integer(0, Kind::boolean); return true;
      case 'J': add_integer(in_.get<int32_t>()); return true;
      case 'K': add_integer(in_.get<uint8_t>()); return true;
      case 'M': add_integer(in_.get<uint16_t>()); return true;
      case 0x8a: add_integer(read_long(in_.get<uint8_t>())); return true;
      case 0x8b: add_integer(read_long(in_.get<uint32_t>())); return true;
      case 'G':
        add(Kind::real).real = std::bit_cast<double>(__builtin_bswap64(in_.get<uint64_t>()));
        return true;
      default: return false;
    }
  }

  bool step_text(uint8_t code) {
    switch (code) {
      case 'X': add_text(in_.get<uint32_t>()); return true;
      case 0x8c: add_text(in_.get<uint8_t>()); return true;
      case 0x8d: add_text(in_.get<uint64_t>()); return true;
      case 'T': add_bytes(in_.get<uint32_t>()); return true;
      case 'U': add_bytes(in_.get<uint8_t>()); return true;
      case 'B': add_bytes(in_.get<uint32_t>()); return true;
      case 'C': add_bytes(in_.get<uint8_t>()); return true;
      case 0x8e: add_bytes(in_.get<uint64_t>()); return true;
      default: return false;
    }
  }

  bool step_container(uint8_t code) {
    switch (code) {
      case ')': add(Kind::tuple); return true;
      case ']': add(Kind::list); return true;
      case '}': add(Kind::dict); return true;
      case 't': add_container(Kind::tuple, pop_to_mark()); return true;
      case 'l': add_container(Kind::list, pop_to_mark()); return true;
      case 'd': add_container(Kind::dict, pop_to_mark()); return true;
      case 0x85: add_container(Kind::tuple, pop_some(1)); return true;
      case 0x86: add_container(Kind::tuple, pop_some(2)); return true;
      case 0x87: add_container(Kind::tuple, pop_some(3)); return true;
      case 'a': extend(Kind::list, pop_some(1)); return true;
      case 'e': extend(Kind::list, pop_to_mark()); return true;
      case 's': extend(Kind::dict, pop_some(2)); return true;
      case 'u': extend(Kind::dict, pop_to_mark()); return true;
      default: return false;
    }
  }

  bool step_memo(uint8_t code) {
    switch (code) {
      case 'q': memo_[in_.get<uint8_t>()] = top(); return true;
      case 'r': memo_[in_.get<uint32_t>()] = top(); return true;
      case 0x94: memo_[static_cast<uint32_t>(memo_.size())] = top(); return true;
      case 'h': push(remembered(in_.get<uint8_t>())); return true;
      case 'j': push(remembered(in_.get<uint32_t>())); return true;
      default: return false;
    }
  }

  bool step_object(uint8_t code) {
    switch (code) {
      case 'c': read_global(); return true;
      case 0x93: stack_global(); return true;
      case 'R': reduce(); return true;
      case 'b': pop(), top(); return true;
      case 'Q': add_container(Kind::persistent, pop_some(1)); return true;
      default: return false;
    }
  }

  // -- the stack
  void push(Id id) { stack_.push_back(id); }
  Id top() const {
    expect_on_stack(1);
    return stack_.back();
  }
  Id pop() { return pop_some(1)[0]; }
  // Nothing below the latest mark can be taken.
  void expect_on_stack(size_t count) const {
    const size_t bottom = marks_.empty() ? 0 : marks_.back();
    if (stack_.size() - bottom < count) refuse("the stack is empty at byte ", in_.at());
  }
  std::vector<Id> pop_some(size_t count) {
    expect_on_stack(count);
    const std::vector<Id> ids(stack_.end() - static_cast<std::ptrdiff_t>(count), stack_.end());
    stack_.resize(stack_.size() - count);
    return ids;
  }
  std::vector<Id> pop_to_mark() {
    if (marks_.empty()) refuse("there is no mark on the stack at byte ", in_.at());
    std::vector<Id> ids = pop_some(stack_.size() - marks_.back());
    marks_.pop_back();
    return ids;
  }

  // -- values
  PickleNode& add(Kind kind) {
    if (nodes_.size() >= kMostNodes) refuse("more than ", kMostNodes, " values");
    push(static_cast<Id>(nodes_.size()));
    return nodes_.emplace_back(PickleNode{.kind = kind, .text = {}, .children = {}});
  }
  void add_integer(int64_t value, Kind kind = Kind::integer) { add(kind).integer = value; }
  void add_text(uint64_t size) {
    const std::string_view text = in_.take(size);
    if (!is_utf8(text)) refuse("a string before byte ", in_.at(), " is not valid UTF-8");
    add(Kind::text).text = text;
  }
  void add_bytes(uint64_t size) { add(Kind::bytes).text = in_.take(size); }
  void add_container(Kind kind, std::vector<Id> children) {
    if (kind == Kind::dict) expect_pairs(children);
    add(kind).children = std::move(children);
  }
  static void expect_pairs(const std::vector<Id>& children) {
    if (children.size() % 2 != 0) refuse("a dict has a key without a value");
  }
  void extend(Kind kind, const std::vector<Id>& more) {
    PickleNode& node = nodes_[top()];
    if (node.kind != kind) refuse("items before byte ", in_.at(), " go to what is no list or dict");
    if (kind == Kind::dict) expect_pairs(more);
    node.children.insert(node.children.end(), more.begin(), more.end());
  }
  Id remembered(uint32_t place) const {
    const auto found = memo_.find(place);
    if (found == memo_.end()) refuse("value ", place, " is asked for before it is there");
    return found->second;
  }

  void read_protocol() {
    const auto protocol = in_.get<uint8_t>();
    if (protocol < 2 || protocol > 5) refuse("protocol ", protocol, " is not known here; 2 to 5 are");
  }
  // An integer of any length, little end first, its sign in the last byte.
  int64_t read_long(uint32_t size) {
    const std::string_view bytes = in_.take(size);
    if (size > sizeof(int64_t)) refuse("an integer of more than 64 bits before byte ", in_.at());
    if (size == 0) return 0;
    int64_t value = static_cast<signed char>(bytes.back()) < 0 ? -1 : 0;
    std::memcpy(&value, bytes.data(), size);
    return value;
  }

  // -- globals
  std::string read_line() {
    std::string line;
    for (char c = in_.get<char>(); c != '\n'; c = in_.get<char>()) line += c;
    return line;
  }
  void read_global() {
    const std::string module = read_line(), name = read_line();
    add_global(module + "." + name);
  }
  void stack_global() {
    const std::vector<Id> ids = pop_some(2);
    for (Id id : ids)
      if (nodes_[id].kind != Kind::text) refuse("a global's name before byte ", in_.at(), " is no string");
    add_global(nodes_[ids[0]].text + "." + nodes_[ids[1]].text);
  }
  void add_global(const std::string& name) {
    if (std::find(allowed_.begin(), allowed_.end(), name) == allowed_.end())
      refuse("this file wants to call ", name,
             "; only tensors, dicts, lists, texts and numbers are read. Save model.state_dict() with "
             "torch.save");
    add(Kind::global).text = name;
  }
  // The one class that is known here is an OrderedDict, which is a dict; other calls are written down.
  void reduce() {
    const std::vector<Id> ids = pop_some(2);
    if (nodes_[ids[0]].kind != Kind::global || nodes_[ids[1]].kind != Kind::tuple)
      refuse("a call before byte ", in_.at(), " of what is no function");
    if (nodes_[ids[0]].text != "collections.OrderedDict") return add_container(Kind::call, ids);
    if (!nodes_[ids[1]].children.empty()) refuse("an OrderedDict with arguments");
    add(Kind::dict);
  }

  ByteReader in_;
  std::span<const std::string_view> allowed_;
  std::vector<PickleNode> nodes_;
  std::vector<Id> stack_;
  std::vector<size_t> marks_;  // heights of the stack
  std::map<uint32_t, Id> memo_;
};

}  // namespace

Pickle read_pickle(std::string_view bytes, std::span<const std::string_view> allowed) {
  return Unpickler(bytes, allowed).whole();
}

}  // namespace rushlight::io
