// A tiny test runner. Each *_test.cpp is one program, which registers functions and runs them:
//
//   static void adds() { nnstack_test::check_equal(1 + 1, 2, "one and one"); }
//   static const nnstack_test::Register kAdds("adds", adds);
//   int main(int count, char** arguments) { return nnstack_test::run_all(count, arguments); }
//
// Failures are collected, printed and make the exit code 1. Arguments of the program: only tests whose name contains one.
#pragma once
#include <cmath>
#include <functional>
#include <iostream>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace nnstack_test {

struct Test {
  std::string name;
  std::function<void()> run;
};
inline std::vector<Test>& tests() {
  static std::vector<Test> all;
  return all;
}
inline int& failures() {
  static int count = 0;
  return count;
}
inline std::string& current() {
  static std::string name;
  return name;
}

struct Register {
  Register(std::string name, std::function<void()> run) { tests().push_back({std::move(name), std::move(run)}); }
};

inline void fail(const std::string& message) {
  constexpr int kShown = 20;
  if (++failures() <= kShown) std::cerr << "FAILED " << current() << ": " << message << "\n";
}
inline bool check(bool condition, const std::string& message) {
  if (!condition) fail(message);
  return condition;
}
template <class A, class B>
bool check_equal(const A& found, const B& wanted, const std::string& message) {
  if (found == wanted) return true;
  std::ostringstream text;
  text << message << ": found " << found << ", wanted " << wanted;
  fail(text.str());
  return false;
}
// Equal within `tolerance`, or the same infinity, or both NaN.
inline bool check_close(double found, double wanted, double tolerance, const std::string& message) {
  if (found == wanted || (std::isnan(found) && std::isnan(wanted)) || std::fabs(found - wanted) <= tolerance) return true;
  std::ostringstream text;
  text.precision(17);
  text << message << ": found " << found << ", wanted " << wanted << " within " << tolerance;
  fail(text.str());
  return false;
}
template <class Exception, class Function>
bool check_throws(Function function, const std::string& part, const std::string& message) {
  try {
    function();
  } catch (const Exception& error) {
    return check(std::string(error.what()).find(part) != std::string::npos, message + ": said \"" + error.what() + "\"");
  }
  return check(false, message + ": nothing was thrown");
}

inline int run_all(int count, char** arguments) {
  int ran = 0;
  for (const Test& test : tests()) {
    bool chosen = count <= 1;
    for (int i = 1; i < count; i++) chosen |= test.name.find(arguments[i]) != std::string::npos;
    if (!chosen) continue;
    current() = test.name;
    const int before = failures();
    try {
      test.run();
    } catch (const std::exception& error) {
      fail(std::string("unexpected exception: ") + error.what());
    }
    std::cout << (failures() == before ? "ok      " : "FAILED  ") << test.name << "\n";
    ran++;
  }
  std::cout << ran << " tests, " << failures() << " failures\n";
  return failures() == 0 && ran > 0 ? 0 : 1;
}

}  // namespace nnstack_test
