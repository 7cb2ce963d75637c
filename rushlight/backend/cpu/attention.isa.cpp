// Flash attention: softmax(scale Q K^T) V over blocks of queries and keys, with running maxima and sums.
//
// Scores of one block of queries against one block of keys exist at a time, in L2. Forward work is cut by
// (batch, head, group of queries), backward work by (batch, head of keys), because there all queries add to
// the same gradients of k and v. Small heads follow one another in one chunk.
#include "rushlight/backend/cpu/attention.h"

#include "rushlight/backend/cpu/gemm_row.h"
#include "rushlight/backend/cpu/kernels.h"
#include "rushlight/backend/cpu/scratch.h"
#include "rushlight/backend/cpu/simd_math.h"
#include "rushlight/base/thread_pool.h"

namespace rushlight::cpu::RUSHLIGHT_ISA {

void random_words(PhiloxKey key, uint64_t first, int64_t count, uint32_t* to);  // random.isa.cpp

namespace {

template <class T>
constexpr int64_t kLanes = Vec<T>::kLanes;
constexpr int64_t kMaxQueryBlock = 64, kKeyBlock = 512, kMaxGroup = 6 * kMaxQueryBlock;

// One head's matrix of tokens x head_size or value_size numbers. A gradient that nobody wants has no data.
template <class T>
struct Head {
  T* data;
  int64_t token;
  RUSHLIGHT_INLINE T* at(int64_t i) const { return data + i * token; }
};

template <class T>
Head<T> head_of(T* data, const HeadStrides& strides, int64_t batch, int64_t head) {
  return {data ? data + batch * strides.batch + head * strides.head : nullptr, strides.token};
}

// One head of each input.
template <class T>
struct InputHeads {
  Head<const T> q, k, v;
};

// The head whose turn is next. Its tokens are asked for one by one during the work on this one, as products
// of small heads are done before what they read has come from memory.
template <class T>
class NextHead {
 public:
  NextHead() = default;
  NextHead(const AttentionArgs<T>& args, const InputHeads<T>& in) {
    add(in.q, args.queries, args.head_size);
    add(in.k, args.keys, args.head_size);
    add(in.v, args.keys, args.value_size);
  }
  void add(Head<const T> part, int64_t tokens, int64_t size) { parts_[count_++] = {part, tokens, size}; }
  // (Not inlined, gcc would take it for a function that does nothing.)
  RUSHLIGHT_INLINE void ask_for(int64_t token) const {
    for (int p = 0; p < count_; ++p)
      for (int64_t j = 0; token < parts_[p].tokens && j < parts_[p].size; j += kLine)
        __builtin_prefetch(parts_[p].head.at(token) + j);
  }

 private:
  static constexpr int64_t kLine = 64 / sizeof(T);
  struct Part {
    Head<const T> head;
    int64_t tokens, size;
  };
  Part parts_[5];
  int count_ = 0;
};

template <class T>
int64_t widest_token(const AttentionArgs<T>& args) {
  return args.head_size > args.value_size ? args.head_size : args.value_size;
}

// Memory for one thread's blocks.
template <class T>
struct Workspace {
  explicit Workspace(const AttentionArgs<T>& args)
      : score_row(round_up(smaller(args.keys, kKeyBlock), kLanes<T>) +
                  kLanes<T>),  // no power of two: rows spread over L1's sets
        panel_row(round_up(widest_token(args), kPanelCols<T>)),
        panel_floats(panel_row * round_up(smaller(args.keys, kKeyBlock), kPanelCols<T>)),
        query_panel_floats(panel_row * kMaxQueryBlock),
        scratch(static_cast<size_t>(3 * panel_floats + query_panel_floats +
                                    (2 * kMaxQueryBlock + 1) * score_row + 2 * kMaxGroup) *
                sizeof(T)),
        query_panels(static_cast<T*>(scratch.data())),
        scores(query_panels + query_panel_floats),
        grad_scores(scores + kMaxQueryBlock * score_row),
        kept(grad_scores + kMaxQueryBlock * score_row),
        largest(kept + score_row),
        sums(largest + kMaxGroup) {
    for (int i = 0; i < 3; ++i) key_panels[i] = sums + kMaxGroup + i * panel_floats;
  }

  int64_t score_row, panel_row, panel_floats, query_panel_floats;
  Scratch scratch;
  T* query_panels;
  T *scores, *grad_scores;
  T* kept;            // of one query: 0 for a weight that is dropped, else what makes up for the others
  T *largest, *sums;  // of each query of a group
  T* key_panels[3];
};

// Rows of tokens as the right operand of a product: in place where no vector would reach beyond their width.
template <class T>
Panels<T> rows_as_panels(Head<const T> head, int64_t first, int64_t count, int64_t head_size, T* out) {
  if (head_size % kLanes<T> == 0) return {head.at(first), kPanelCols<T>, head.token};
  return pack_panels(count, head_size, head.at(first), head.token, 1, out);
}

// Their transpose as the right operand.
template <class T>
Panels<T> columns_as_panels(Head<const T> head, int64_t first, int64_t count, int64_t head_size, T* out) {
  return pack_panels(head_size, count, head.at(first), 1, head.token, out);
}

template <class T>
LeftMatrix<T> rows_as_left(Head<const T> head, int64_t first) {
  return {head.at(first), head.token, 1};
}

// How many keys query i sees.
template <class T>
int64_t visible_keys(const AttentionArgs<T>& args, int64_t i) {
  return args.causal ? smaller(i + 1, args.keys) : args.keys;
}

// The queries of one head fall into blocks of nearly equal height; low ones if causal, as a block computes
// the scores of its last query's keys for all.
template <class T>
int64_t query_block_rows(const AttentionArgs<T>& args) {
  const int64_t most = args.causal ? clamped(args.queries / 8, 16, kMaxQueryBlock) : kMaxQueryBlock;
  return ceil_div(args.queries, ceil_div(args.queries, most));
}

// What scores are multiplied by; a mask has seen to that already.
template <class T>
T scale_left(const AttentionArgs<T>& args) {
  return args.mask ? T(1) : static_cast<T>(args.scale);
}

// e^x for x <= 0, as a power of two, which takes the fewest steps. Differences of scores come here, never
// scores: those may be as large as numbers get.
template <class T>
RUSHLIGHT_INLINE Vec<T> weight_of(Vec<T> x) {
  return exp2_of_nonpositive(x * 1.4426950408889634);
}

// Where one query's scores against a block of keys lie among all: for mask and dropout.
struct ScorePlace {
  int64_t batch, head, query, key;
};

// row[j] * scale + mask[j]
template <class T>
void mask_row(const AttentionArgs<T>& args, const ScorePlace& at, T* row, int64_t count) {
  const T* mask = args.mask + at.batch * args.mask_strides.batch + at.head * args.mask_strides.head +
                  at.query * args.mask_strides.token + at.key;
  const Vec<T> scale = static_cast<T>(args.scale);
  for (int64_t j = 0; j < count; j += kLanes<T>)
    store_partial(row + j,
                  multiply_add(load_partial(row + j, count - j), scale, load_partial(mask + j, count - j)),
                  count - j);
}

// What dropout multiplies the query's weights by.
template <class T>
void draw_kept(const AttentionArgs<T>& args, const ScorePlace& at, int64_t count, T* kept) {
  const auto first = static_cast<uint64_t>(
      ((at.batch * args.heads + at.head) * args.queries + at.query) * args.keys + at.key);
  uint32_t words[kKeyBlock + 8];
  const uint32_t* mine = words + first % 4;  // four words come at once
  random_words(args.dropout_key, first / 4, round_up(count + 3, 4) + 4 * (first % 4 > 1), words);
  const auto limit = static_cast<float>(args.dropout_p);
  const T scale = args.dropout_p < 1 ? static_cast<T>(1 / (1 - args.dropout_p)) : T(0);
  for (int64_t j = 0; j < count; ++j) kept[j] = rushlight::uniform<float>(mine[j]) >= limit ? scale : T(0);
}

template <class T>
void multiply_row(T* row, const T* by, int64_t count) {
  for (int64_t j = 0; j < count; j += kLanes<T>)
    store_partial(row + j, load_partial(row + j, count - j) * load_partial(by + j, count - j), count - j);
}

template <class T>
Vec<T> largest_score(const T* row, int64_t count, Vec<T> scale) {
  constexpr double kLowest = -__builtin_inf();
  Vec<T> top = kLowest;
  int64_t j = 0;
  for (; j + kLanes<T> <= count; j += kLanes<T>) top = larger_of(load(row + j) * scale, top);
  if (j < count)
    top = larger_of(select(first_lanes<T>(count - j), load(row + j) * scale, Vec<T>(kLowest)), top);
  return top;
}

// Replaces the first `count` scores by exp(scale * score - shift), clears the rest of the row, returns the
// sum.
template <class T>
T exponentiate(T* row, int64_t count, int64_t width, Vec<T> scale, Vec<T> shift) {
  Vec<T> sum = 0;
  int64_t j = 0;
  for (; j + kLanes<T> <= count; j += kLanes<T>) {
    const Vec<T> y = weight_of(load(row + j) * scale - shift);
    store(row + j, y);
    sum += y;
  }
  for (; j < width; j += kLanes<T>) {
    const Vec<T> y = select(first_lanes<T>(count - j), weight_of(load(row + j) * scale - shift), Vec<T>(0));
    store(row + j, y);
    sum += y;
  }
  return sum_of_lanes(sum);
}

// Raises a row's largest score by those of the next block; sums over the earlier keys shrink for it. Returns
// by how much.
template <class T>
T raise_largest(const T* row, int64_t count, Vec<T> scale, T& largest, T& sum) {
  const T before = largest, top = largest_lane(largest_score(row, count, scale));
  largest = top > before ? top : before;
  if (before == largest || sum == 0) return 1;
  const T shrink = weight_of(Vec<T>::splat(before - largest))[0];
  sum *= shrink;
  return shrink;
}

// The block becomes exp(scale * score - largest) and is summed. While the largest is -inf there were only
// hidden scores, of which any shift makes zeros, and NaNs, which have to stay.
template <class T>
T weigh(T* row, int64_t count, int64_t width, Vec<T> scale, T largest) {
  const T shift = largest == -static_cast<T>(__builtin_inf()) ? T(0) : largest;
  return exponentiate(row, count, width, scale, Vec<T>::splat(shift));
}

template <class T>
void scale_row(T* row, int64_t count, T factor) {
  for (int64_t j = 0; j < count; j += kLanes<T>)
    store_partial(row + j, load_partial(row + j, count - j) * Vec<T>::splat(factor), count - j);
}

template <class T>
T dot(const T* a, const T* b, int64_t count) {
  Vec<T> sum = 0;
  for (int64_t j = 0; j < count; j += kLanes<T>)
    sum = multiply_add(load_partial(a + j, count - j), load_partial(b + j, count - j), sum);
  return sum_of_lanes(sum);
}

template <class T>
void clear(Head<T> head, int64_t rows, int64_t head_size) {
  for (int64_t i = 0; head.data && i < rows; ++i)
    __builtin_memset(head.at(i), 0, static_cast<size_t>(head_size) * sizeof(T));
}

// Forward pass of the queries [begin, end) of one head.
template <class T>
struct ForwardGroup {
  const AttentionArgs<T>& args;
  int64_t batch, head;
  InputHeads<T> in;
  Head<T> output;
  T* logsumexp;  // of the head's first query
  int64_t begin, end;
  NextHead<T> next;
  Workspace<T>& work;

  // Then keys are read in place.
  bool one_query() const { return end - begin == 1; }

  T& largest(int64_t i) const { return work.largest[i - begin]; }
  T& sum(int64_t i) const { return work.sums[i - begin]; }

  void attend(int64_t i0, int64_t rows, int64_t key, int64_t keys, Panels<T> columns,
              Panels<T> values) const {
    const int64_t seen = smaller(visible_keys(args, i0 + rows - 1) - key, keys);
    if (seen <= 0) return;
    const int64_t width = round_up(seen, kLanes<T>);
    const Destination<T> scores{work.scores, work.score_row};
    if (one_query())
      multiply_by_columns(seen, args.head_size, in.q.at(i0), in.k.at(key), in.k.token, scores);
    else
      multiply_block(rows, width, args.head_size, rows_as_left(in.q, i0), columns, scores);
    const auto count_of = [&](int64_t i) { return clamped(visible_keys(args, i) - key, 0, seen); };
    const auto row_of = [&](int64_t i) { return work.scores + (i - i0) * work.score_row; };
    const Vec<T> scale = Vec<T>::splat(scale_left(args));
    for (int64_t i = i0; i < i0 + rows; ++i) {  // all maxima first: no exponential waits for its row's
      if (args.mask) mask_row(args, ScorePlace{batch, head, i, key}, row_of(i), count_of(i));
      const T shrink = raise_largest(row_of(i), count_of(i), scale, largest(i), sum(i));
      if (shrink != 1 && key > 0) scale_row(output.at(i), args.value_size, shrink);
    }
    for (int64_t i = i0; i < i0 + rows; ++i) {
      next.ask_for(i);
      sum(i) += weigh(row_of(i), count_of(i), width, scale, largest(i));
      if (args.dropout_p > 0) {
        draw_kept(args, ScorePlace{batch, head, i, key}, count_of(i), work.kept);
        multiply_row(row_of(i), work.kept, count_of(i));
      }
    }
    multiply_block(rows, args.value_size, seen, {work.scores, work.score_row, 1}, values,
                   Destination<T>{output.at(i0), output.token, key > 0});
  }

  // What the sums say at the end: logarithms for backward, and what each output is to be multiplied by.
  void finish() const {
    const Vec<T> nothing = -__builtin_inf();
    for (int64_t i = begin; i < end; i += kLanes<T>) {
      const Vec<T> s = load(&sum(i));
      const auto blind = s == Vec<T>(0);  // it sees no key
      store_partial(logsumexp + i, select(blind, nothing, load(&largest(i)) + log(s)), end - i);
      store(&sum(i), select(blind, Vec<T>(0), Vec<T>(1) / s));
    }
    for (int64_t i = begin; i < end; ++i)
      if (sum(i) == 0)
        clear(Head<T>{output.at(i), 0}, 1, args.value_size);  // what stands there is no sum
      else
        scale_row(output.at(i), args.value_size, sum(i));
  }

  void run() const {
    const int64_t block = query_block_rows(args);
    for (int64_t i = begin; i < end; ++i) {
      largest(i) = -static_cast<T>(__builtin_inf());
      sum(i) = 0;
    }
    for (int64_t key = 0; key < visible_keys(args, end - 1); key += kKeyBlock) {
      const int64_t keys = smaller(kKeyBlock, args.keys - key);
      const Panels<T> columns =
          one_query() ? Panels<T>{} : columns_as_panels(in.k, key, keys, args.head_size, work.key_panels[0]);
      const Panels<T> values = rows_as_panels(in.v, key, keys, args.value_size, work.key_panels[1]);
      for (int64_t i = begin; i < end; i += block)
        attend(i, smaller(block, end - i), key, keys, columns, values);
    }
    finish();
  }
};

// Backward pass of one head.
template <class T>
struct BackwardHead {
  const AttentionArgs<T>& args;
  int64_t batch, head;
  bool first;  // of those that share keys: its gradients of them are not added but written
  InputHeads<T> in;
  Head<const T> output, grad_output;
  Head<T> grad_q, grad_k, grad_v;
  const T* logsumexp;
  NextHead<T> next;
  Workspace<T>& work;

  // Weights from scores, and gradients of scores from those of weights, both in place.
  void differentiate(int64_t i, int64_t key, T* scores, T* grads, int64_t count, int64_t width) const {
    if (logsumexp[i] == -static_cast<T>(__builtin_inf())) {  // it sees no key
      __builtin_memset(scores, 0, static_cast<size_t>(width) * sizeof(T));
      __builtin_memset(grads, 0, static_cast<size_t>(width) * sizeof(T));
      return;
    }
    const ScorePlace place{batch, head, i, key};
    const bool drops = args.dropout_p > 0;
    count = clamped(count, 0, width);
    if (args.mask) mask_row(args, place, scores, count);
    if (drops) {
      draw_kept(args, place, count, work.kept);
      multiply_row(grads, work.kept, count);
    }
    const Vec<T> scale = static_cast<T>(args.scale), shift = Vec<T>::splat(logsumexp[i]);
    const Vec<T> inner_scale = Vec<T>::splat(scale_left(args));
    const Vec<T> mean = Vec<T>::splat(dot(output.at(i), grad_output.at(i), args.value_size));
    for (int64_t j = 0; j < width; j += kLanes<T>) {
      const Vec<T> p = weight_of(smaller_of(Vec<T>(0), load(scores + j) * inner_scale - shift));
      const Vec<T> g = p * (load(grads + j) - mean) * scale;
      const auto seen = first_lanes<T>(count - j);
      store(scores + j, select(seen, p, Vec<T>(0)));
      store(grads + j, select(seen, g, Vec<T>(0)));
    }
    if (drops) multiply_row(scores, work.kept, count);
  }

  struct KeyBlock {
    int64_t first, count;
    Panels<T> columns, value_columns, rows;
  };

  void add_block(int64_t i0, int64_t rows, const KeyBlock& key) const {
    const int64_t head_size = args.head_size, value_size = args.value_size;
    const int64_t seen = smaller(visible_keys(args, i0 + rows - 1) - key.first, key.count);
    if (seen <= 0) return;
    const int64_t width = round_up(seen, kLanes<T>);
    multiply_block(rows, width, head_size, rows_as_left(in.q, i0), key.columns,
                   Destination<T>{work.scores, work.score_row});
    multiply_block(rows, width, value_size, rows_as_left(grad_output, i0), key.value_columns,
                   Destination<T>{work.grad_scores, work.score_row});
    for (int64_t i = 0; i < rows; ++i) {
      next.ask_for(i0 + i);
      differentiate(i0 + i, key.first, work.scores + i * work.score_row,
                    work.grad_scores + i * work.score_row, visible_keys(args, i0 + i) - key.first, width);
    }

    const bool add_to_keys = args.causal || i0 > 0 || !first, add_to_query = args.causal || key.first > 0;
    const LeftMatrix<T> scores_transposed{work.scores, 1, work.score_row};
    const LeftMatrix<T> grads_transposed{work.grad_scores, 1, work.score_row};
    T* panels = work.query_panels;
    if (grad_v.data)
      multiply_block(seen, value_size, rows, scores_transposed,
                     rows_as_panels(grad_output, i0, rows, value_size, panels),
                     Destination<T>{grad_v.at(key.first), grad_v.token, add_to_keys});
    if (grad_k.data)
      multiply_block(seen, head_size, rows, grads_transposed,
                     rows_as_panels(in.q, i0, rows, head_size, panels),
                     Destination<T>{grad_k.at(key.first), grad_k.token, add_to_keys});
    if (grad_q.data)
      multiply_block(rows, head_size, seen, LeftMatrix<T>{work.grad_scores, work.score_row, 1}, key.rows,
                     Destination<T>{grad_q.at(i0), grad_q.token, add_to_query});
  }

  void run() const {
    const int64_t block = query_block_rows(args), head_size = args.head_size;
    if (args.causal) {  // some blocks are skipped, so none can begin the sums
      clear(grad_q, args.queries, head_size);
      if (first) clear(grad_k, args.keys, head_size), clear(grad_v, args.keys, args.value_size);
    }
    for (int64_t key = 0; key < args.keys; key += kKeyBlock) {
      const int64_t keys = smaller(kKeyBlock, args.keys - key);
      const KeyBlock keys_block{key, keys, columns_as_panels(in.k, key, keys, head_size, work.key_panels[0]),
                                columns_as_panels(in.v, key, keys, args.value_size, work.key_panels[1]),
                                rows_as_panels(in.k, key, keys, head_size, work.key_panels[2])};
      for (int64_t i = 0; i < args.queries; i += block)
        add_block(i, smaller(block, args.queries - i), keys_block);
    }
  }
};

template <class T>
InputHeads<T> inputs_of(const AttentionArgs<T>& args, int64_t batch, int64_t head) {
  const int64_t shared = head / (args.heads / args.shared_heads);
  return {head_of(args.q, args.q_strides, batch, head), head_of(args.k, args.k_strides, batch, shared),
          head_of(args.v, args.v_strides, batch, shared)};
}

// Where the heads of backward's other tensors lie.
template <class T>
Head<const T> output_of(const AttentionArgs<T>& args, int64_t batch, int64_t head) {
  return head_of<const T>(args.output, args.output_strides, batch, head);
}
template <class T>
Head<const T> grad_output_of(const AttentionBackwardArgs<T>& args, int64_t batch, int64_t head) {
  return head_of(args.grad_output, args.grad_output_strides, batch, head);
}

// body(begin, end) over `items`, each of which is so many heads or part of one.
template <class T, class Body>
void parallel_heads(const AttentionArgs<T>& args, int64_t items, int64_t heads, Body body) {
  constexpr int64_t kChunkWork = 1 << 17;                      // multiplications, some 10 us
  const int64_t rows = args.queries > 16 ? args.queries : 16;  // one query's time is that of reading keys
  const int64_t together = clamped(kChunkWork / (args.keys * args.head_size * rows * heads + 1), 1, items);
  parallel_for(ceil_div(items, together),
               [&](int64_t chunk) { body(chunk * together, smaller(items, (chunk + 1) * together)); });
}

}  // namespace

template <class T>
void attention(const AttentionArgs<T>& args) {
  if (args.batch == 0 || args.heads == 0 || args.queries == 0) return;
  const int64_t block = query_block_rows(args), group = kMaxGroup / block * block;
  const int64_t groups = ceil_div(args.queries, group), items = args.batch * args.heads * groups;
  const auto inputs = [&](int64_t index) { return inputs_of(args, index / args.heads, index % args.heads); };
  parallel_heads(args, items, 1, [&](int64_t first, int64_t last) {
    Workspace<T> work(args);
    for (int64_t item = first; item < last; ++item) {
      const int64_t index = item / groups, batch = index / args.heads, head = index % args.heads;
      const int64_t begin = item % groups * group;
      ForwardGroup<T>{args,
                      batch,
                      head,
                      inputs(index),
                      head_of(args.output, args.output_strides, batch, head),
                      args.logsumexp + index * args.queries,
                      begin,
                      smaller(begin + group, args.queries),
                      item + groups < items ? NextHead<T>(args, inputs(index + 1)) : NextHead<T>(),
                      work}
          .run();
    }
  });
}

template <class T>
void attention_backward(const AttentionBackwardArgs<T>& args) {
  const AttentionArgs<T>& forward = args.forward;
  const int64_t sharers = forward.heads / forward.shared_heads, items = forward.batch * forward.shared_heads;
  const auto next_after = [&](int64_t index) {
    if (index + 1 == items * sharers) return NextHead<T>();
    const int64_t batch = (index + 1) / forward.heads, head = (index + 1) % forward.heads;
    NextHead<T> next(forward, inputs_of(forward, batch, head));
    next.add(output_of(forward, batch, head), forward.queries, forward.value_size);
    next.add(grad_output_of(args, batch, head), forward.queries, forward.value_size);
    return next;
  };
  parallel_heads(forward, items, sharers, [&](int64_t first, int64_t last) {
    Workspace<T> work(forward);
    for (int64_t index = first * sharers; index < last * sharers; ++index) {
      const int64_t batch = index / forward.heads, head = index % forward.heads, shared = head / sharers;
      BackwardHead<T>{forward,
                      batch,
                      head,
                      head % sharers == 0,
                      inputs_of(forward, batch, head),
                      output_of(forward, batch, head),
                      grad_output_of(args, batch, head),
                      head_of(args.grad_q, args.grad_q_strides, batch, head),
                      head_of(args.grad_k, args.grad_k_strides, batch, shared),
                      head_of(args.grad_v, args.grad_v_strides, batch, shared),
                      forward.logsumexp + index * forward.queries,
                      next_after(index),
                      work}
          .run();
    }
  });
}

template void attention(const AttentionArgs<float>&);
template void attention(const AttentionArgs<double>&);
template void attention_backward(const AttentionBackwardArgs<float>&);
template void attention_backward(const AttentionBackwardArgs<double>&);

}  // namespace rushlight::cpu::RUSHLIGHT_ISA
