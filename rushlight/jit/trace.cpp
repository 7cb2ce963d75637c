#include "rushlight/jit/trace.h"

#include <algorithm>
#include <mutex>
#include <string>

#include "rushlight/jit/recorder.h"
#include "rushlight/jit/replay.h"

namespace rushlight {

namespace {

constexpr size_t kMostGraphs = 32;

// A traced function is running its host code on this thread: others called by it run as plain functions.
thread_local constinit bool inside_trace = false;

// The tensors themselves, cut off from history, so that it can go.
Results without_history(const Results& results) {
  Results plain;
  for (const Tensor& tensor : results) plain.push_back(tensor.defined() ? alias(tensor) : Tensor());
  return plain;
}

Results run_plainly(Inputs arguments, TraceBody& body) {
  Scoped<bool> inside(inside_trace, true);
  return without_history(body.run(arguments));
}

Recording record(Inputs arguments, TraceBody& body, Results& results) {
  Scoped<bool> inside(inside_trace, true);
  Recorder recorder(arguments);
  {
    Recorder::Scope scope(recorder);
    const Results own = body.run(arguments);
    recorder.note_results(own);
    results = without_history(own);
  }
  return recorder.finish(results);
}

// What decides whether a call is the first of its kind.
std::string signature(Inputs arguments) {
  std::string text;
  for (size_t i = 0; i < arguments.size(); ++i) {
    append_text(text, arguments[i]);
    text += arguments[i].defined() && arguments[i].requires_grad() ? "+grad;" : ";";
  }
  return text;
}

// A graph on its way: recorded once, then ready to run once a second recording has confirmed it.
struct Entry {
  Recording recording;
  std::unique_ptr<Replay> replay;
  const Recording& latest() const { return replay ? replay->recording() : recording; }
};

}  // namespace

struct Trace::State {
  std::mutex lock;
  std::vector<std::string> signatures;  // of the calls that ran plainly
  std::vector<Entry> entries;
  size_t latest = 0;
  uint64_t replays = 0;

  Results call(Inputs arguments, TraceBody& body);
  Results record_first(Inputs arguments, TraceBody& body);
  Results record_again(Entry& entry, Inputs arguments, TraceBody& body);
};

Results Trace::State::call(Inputs arguments, TraceBody& body) {
  std::lock_guard guard(lock);
  if (context().interpreter)
    fail(ErrorKind::trace,
         "[trace] another interpreter runs this thread's ops; a trace records eager calls only");
  const char* why = "";
  for (size_t i = 0; i < entries.size(); ++i) {
    size_t at = (latest + i) % entries.size();
    why = entries[at].latest().mismatch(arguments);
    if (why) continue;
    latest = at;
    if (!entries[at].replay) return record_again(entries[at], arguments, body);
    ++replays;
    return entries[at].replay->run(arguments);
  }
  if (entries.size() == kMostGraphs)
    fail(ErrorKind::trace, "[trace] none of the ", kMostGraphs,
         " graphs recorded so far fits this call; what differs from the "
         "latest is ",
         why, ". Keep it the same, or call the function itself");
  std::string name = signature(arguments);
  if (std::find(signatures.begin(), signatures.end(), name) == signatures.end()) {
    signatures.push_back(std::move(name));
    return run_plainly(arguments, body);
  }
  return record_first(arguments, body);
}

Results Trace::State::record_first(Inputs arguments, TraceBody& body) {
  Results results;
  entries.push_back({record(arguments, body, results), nullptr});
  latest = entries.size() - 1;
  return results;
}

Results Trace::State::record_again(Entry& entry, Inputs arguments, TraceBody& body) {
  Results results;
  Recording second = record(arguments, body, results);
  std::string difference = first_difference(entry.recording, second);
  if (!difference.empty()) {
    entry.recording = std::move(second);
    fail(ErrorKind::trace, "[trace] two recordings of the function differ. ", difference);
  }
  entry.replay = std::make_unique<Replay>(std::move(second));
  entry.recording = {};
  return results;
}

Trace::Trace() : state_(std::make_unique<State>()) {}
Trace::~Trace() = default;
Trace::Trace(Trace&&) noexcept = default;
Trace& Trace::operator=(Trace&&) noexcept = default;

Results Trace::call(Inputs arguments, TraceBody& body) {
  return inside_trace ? body.run(arguments) : state_->call(arguments, body);
}

const Graph& Trace::graph() const {
  if (state_->entries.empty()) fail(ErrorKind::trace, "[trace] nothing is recorded before the second call");
  return state_->entries[state_->latest].latest().graph;
}

uint64_t Trace::replay_count() const { return state_->replays; }

}  // namespace rushlight
