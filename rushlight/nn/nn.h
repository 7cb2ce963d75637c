// All layers.
#pragma once

#include "rushlight/nn/activation.h"
#include "rushlight/nn/attention.h"
#include "rushlight/nn/convolution.h"
#include "rushlight/nn/distance.h"
#include "rushlight/nn/dropout.h"
#include "rushlight/nn/formula_loss.h"
#include "rushlight/nn/init.h"
#include "rushlight/nn/layer.h"
#include "rushlight/nn/linear.h"
#include "rushlight/nn/loss.h"
#include "rushlight/nn/normalization.h"
#include "rushlight/nn/patch_embed.h"
#include "rushlight/nn/pixels.h"
#include "rushlight/nn/pooling.h"
#include "rushlight/nn/recurrent.h"
#include "rushlight/nn/sequential.h"
