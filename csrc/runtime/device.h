#pragma once
#include "base/device.h"
