// Classifies the images of a file with a model that Python trained: digits MODEL SAMPLES [PROBABILITIES]
// SAMPLES: raw little-endian float32, one image after another. PROBABILITIES: what Python predicted, to compare with.
#include <nnstack/model.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <thread>

static std::vector<float> read_floats(const char* path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw nnstack::RuntimeError(std::string("cannot open ") + path);
  const std::vector<char> bytes{std::istreambuf_iterator<char>(file), {}};
  std::vector<float> values(bytes.size() / sizeof(float));
  std::copy_n(bytes.data(), values.size() * sizeof(float), reinterpret_cast<char*>(values.data()));
  return values;
}

static void check(const nnstack::Model& model, const std::vector<float>& samples, const std::vector<float>& expected) {
  std::vector<std::thread> threads;  // one model, many threads, each with a session of its own
  std::vector<float> worst(4);
  for (float& largest : worst) {
    threads.emplace_back([&] {
      const std::vector<float> probabilities = model.session().predict(samples);
      largest = probabilities.size() == expected.size() ? 0.0f : INFINITY;
      for (size_t i = 0; i < std::min(probabilities.size(), expected.size()); i++)
        largest = std::max(largest, std::abs(probabilities[i] - expected[i]));
    });
  }
  for (std::thread& thread : threads) thread.join();
  const float difference = *std::max_element(worst.begin(), worst.end());
  std::printf("largest difference from Python: %g; from the samples in the model: %g\n", difference, model.verify());
  if (!(difference <= 1e-6f)) throw nnstack::RuntimeError("the results differ from Python's");
}

int main(int argc, char** argv) try {
  if (argc < 3) throw nnstack::ValueError("usage: digits MODEL SAMPLES [PROBABILITIES]");
  const auto model = nnstack::Model::load(argv[1]);
  auto session = model.session();
  const std::vector<float> samples = read_floats(argv[2]);
  const std::vector<float> probabilities = session.predict(samples);
  for (auto row = probabilities.begin(); row != probabilities.end(); row += session.output_row())
    std::printf("%d ", static_cast<int>(std::max_element(row, row + session.output_row()) - row));
  std::printf("\n");
  if (argc > 3) check(model, samples, read_floats(argv[3]));
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "digits: %s\n", error.what());
  return 1;
}
