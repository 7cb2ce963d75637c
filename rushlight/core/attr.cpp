#include "rushlight/core/attr.h"

#include "rushlight/base/error.h"
#include "rushlight/base/memory.h"
#include "rushlight/core/generator.h"
#include "rushlight/core/watch.h"

namespace rushlight {

void* SharedAttr::operator new(size_t bytes) { return allocate_memory(bytes); }
void SharedAttr::operator delete(void* memory, size_t bytes) noexcept { free_memory(memory, bytes); }

Attr::Attr(const Ints& values) : kind_(Kind::ints) { shared_ = new SharedInts(values); }
Attr::Attr(const Reals& values) : kind_(Kind::reals) { shared_ = new SharedReals(values); }
Attr::Attr(std::string_view word) : kind_(Kind::text) { shared_ = new SharedText(word); }
Attr::Attr(const Slot& slot) : kind_(Kind::slot) { shared_ = Ref<Slot::Cell>(slot.cell_).detach(); }
Attr::Attr(const Generator& generator) : kind_(Kind::generator) {
  shared_ = Ref<Generator::Cell>(generator.cell_).detach();
}

double Attr::as_real() const {
  switch (kind_) {
    case Kind::slot: return static_cast<const Slot::Cell*>(shared_)->value;
    case Kind::boolean:
    case Kind::integer: return static_cast<double>(integer_);
    default: return real_;
  }
}

Slot Attr::as_slot() const { return Slot(Ref<Slot::Cell>::share(static_cast<Slot::Cell*>(shared_))); }
Generator Attr::as_generator() const {
  return Generator(Ref<Generator::Cell>::share(static_cast<Generator::Cell*>(shared_)));
}

bool operator==(const Attr& a, const Attr& b) {
  if (a.kind_ != b.kind_) return false;
  switch (a.kind_) {
    case Attr::Kind::none: return true;
    case Attr::Kind::ints: return a.as_ints() == b.as_ints();
    case Attr::Kind::reals: return a.as_reals() == b.as_reals();
    case Attr::Kind::text: return a.as_text() == b.as_text();
    default: return a.integer_ == b.integer_;  // bits of a number, or the same shared object
  }
}

void append_text(std::string& text, const Reals& values) {
  text += '(';
  for (size_t i = 0; i < values.size(); ++i) {
    if (i) text += ", ";
    append_text(text, values[i]);
  }
  text += values.size() == 1 ? ",)" : ")";
}

void append_text(std::string& text, const Attr& attr) {
  switch (attr.kind()) {
    case Attr::Kind::none: text += "None"; break;
    case Attr::Kind::boolean: append_text(text, attr.as_bool()); break;
    case Attr::Kind::integer: append_text(text, attr.as_int()); break;
    case Attr::Kind::real: append_text(text, attr.as_real()); break;
    case Attr::Kind::dtype: append_text(text, attr.as_dtype()); break;
    case Attr::Kind::ints: append_text(text, attr.as_ints()); break;
    case Attr::Kind::reals: append_text(text, attr.as_reals()); break;
    case Attr::Kind::text:
      text += '"';
      text += attr.as_text();
      text += '"';
      break;
    case Attr::Kind::slot: text += "slot"; break;
    case Attr::Kind::generator: text += "generator"; break;
  }
}

namespace {
// Only what ops draw is drawn again by a replay.
void expect_unrecorded(const char* what) {
  if (watch())
    fail(ErrorKind::trace, "[trace] ", what,
         " inside a traced function, which a replay would leave out: the numbers would be others. Do it ",
         "before the call, and let the function only draw");
}
}  // namespace

Generator::Generator(uint64_t seed) : cell_(Ref<Cell>::adopt(new Cell)) { cell_->key.seed = seed; }

PhiloxKey Generator::draw(uint64_t count) {
  std::lock_guard guard(cell_->lock);
  PhiloxKey start = cell_->key;
  cell_->key.counter += philox_blocks(count, 1);
  return start;
}

PhiloxKey Generator::state() const {
  std::lock_guard guard(cell_->lock);
  return cell_->key;
}

void Generator::set_state(PhiloxKey state) {
  expect_unrecorded("a generator is seeded or set to a state (manual_seed, set_state, fork_rng)");
  std::lock_guard guard(cell_->lock);
  cell_->key = state;
}

Generator Generator::fork() {
  expect_unrecorded("a generator is forked");
  PhiloxKey key = draw(1);
  // splitmix64 of seed and position: neighbouring forks share no bits
  uint64_t z = key.seed ^ (key.counter * 0x9e3779b97f4a7c15u) ^ 0x632be59bd9b4e019u;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return Generator(z ^ (z >> 31));
}

Generator& default_generator() {
  static Generator generator(0);
  return generator;
}

void manual_seed(uint64_t seed) { default_generator().seed(seed); }

}  // namespace rushlight
