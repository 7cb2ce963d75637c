// All optimizers and what goes with them.
#pragma once

#include "rushlight/optim/adagrad.h"
#include "rushlight/optim/adam.h"
#include "rushlight/optim/averaging.h"
#include "rushlight/optim/clip.h"
#include "rushlight/optim/muon.h"
#include "rushlight/optim/rmsprop.h"
#include "rushlight/optim/schedule.h"
#include "rushlight/optim/sgd.h"
