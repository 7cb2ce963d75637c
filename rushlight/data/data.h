// All of data: sets, datasets, transforms, the loader.
#pragma once

#include "rushlight/data/augment.h"
#include "rushlight/data/cifar.h"
#include "rushlight/data/csv.h"
#include "rushlight/data/idx.h"
#include "rushlight/data/image_file.h"
#include "rushlight/data/image_folder.h"
#include "rushlight/data/image_sets.h"
#include "rushlight/data/known_sets.h"
#include "rushlight/data/loader.h"
#include "rushlight/data/point_sets.h"
#include "rushlight/data/text.h"
