// Which names the shared library shows.
#pragma once

#define NNSTACK_API __attribute__((visibility("default")))
