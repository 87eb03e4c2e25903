// Checks of the plug-in's tests: they print what failed, with its line, and go on; passed() is main's return value.
#pragma once
#include <cmath>
#include <cstdio>
#include <cstring>
#include <source_location>
#include <string>
#include <vector>

inline int failures = 0;
inline int checks = 0;

inline void check(bool good, const std::string& what, std::source_location where = std::source_location::current()) {
  ++checks;
  if (good) return;
  if (++failures <= 40)
    std::printf("%s:%u: failed: %s\n", where.file_name(), static_cast<unsigned>(where.line()), what.c_str());
}

// Every element within `tolerance`, relative to the larger of 1 and the expected value; NaN equals NaN.
template <class T>
void check_close(const std::vector<T>& got, const std::vector<T>& expected, double tolerance, const std::string& what,
                 std::source_location where = std::source_location::current()) {
  check(got.size() == expected.size(),
        what + ": size " + std::to_string(got.size()) + ", expected " + std::to_string(expected.size()), where);
  for (size_t i = 0; i < got.size() && i < expected.size(); ++i) {
    auto a = static_cast<double>(got[i]), b = static_cast<double>(expected[i]);
    bool same = a == b || (std::isnan(a) && std::isnan(b));
    if (same || std::fabs(a - b) <= tolerance * std::fmax(1.0, std::fabs(b))) continue;
    char text[160];
    std::snprintf(text, sizeof text, ": element %zu is %.9g, expected %.9g", i, a, b);
    check(false, what + text, where);
    return;
  }
  check(true, what, where);
}

template <class T>
void check_equal(const std::vector<T>& got, const std::vector<T>& expected, const std::string& what,
                 std::source_location where = std::source_location::current()) {
  check_close(got, expected, 0.0, what, where);
}

inline int passed() {
  std::printf("%d checks, %d failed\n", checks, failures);
  return failures == 0 && checks > 0 ? 0 : 1;
}
