// The whole library. The includes, in floor order, are its table of contents.
#pragma once

// clang-format off: not in the order of the alphabet
#include "rushlight/base/error.h"           // 0: the one exception
#include "rushlight/base/memory.h"          //    memory_stats(), empty_cache()
#include "rushlight/scalar/draw.h"          // 2: a graph of numbers as a picture
#include "rushlight/scalar/mlp.h"           //    networks of numbers
#include "rushlight/scalar/value.h"         //    Value: a number that remembers where it came from
#include "rushlight/core/dtype.h"           // 3: element types
#include "rushlight/core/generator.h"       //    random state
#include "rushlight/core/tensor.h"          //    Tensor
#include "rushlight/backend/shortcuts.h"    // 4: allow_winograd()
#include "rushlight/engine/backward.h"      // 5: backward(), grad()
#include "rushlight/engine/context.h"       //    NoGrad, set_backend()
#include "rushlight/engine/draw.h"          //    draw(): the tape as a picture
#include "rushlight/engine/function.h"      //    checkpoint(), functions with a gradient of one's own
#include "rushlight/engine/node.h"          //    the tape
#include "rushlight/engine/op_costs.h"      //    what ops cost
#include "rushlight/generated/functions.h"  // 6: the ops
#include "rushlight/ops/indexing.h"         //    x(Slice(0, 3), _, -1)
#include "rushlight/ops/op_table.h"         //    ops(): the list of them as a table
#include "rushlight/ops/operators.h"        //    a + b
#include "rushlight/jit/trace.h"            // 7: trace(): recorded once, then replayed
#include "rushlight/io/load.h"              // 8: load_tensors(), save_tensors()
#include "rushlight/nn/nn.h"                //    layers
#include "rushlight/optim/optim.h"          //    optimizers and schedules
#include "rushlight/data/data.h"            //    data sets, transforms, the loader
