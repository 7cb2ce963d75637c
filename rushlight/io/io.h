// All formats of files of tensors.
#pragma once

#include "rushlight/io/json_weights.h"
#include "rushlight/io/load.h"
#include "rushlight/io/npy.h"
#include "rushlight/io/npz.h"
#include "rushlight/io/safetensors.h"
#include "rushlight/io/torch_file.h"
