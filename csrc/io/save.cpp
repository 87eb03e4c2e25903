#include "io/save.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <unordered_map>

#include "io/format.h"

namespace nnstack {
namespace {

struct Entry {
  std::string name;
  TensorKind kind;
  Tensor tensor;
  uint64_t offset;  // in the data section
};

uint64_t aligned(uint64_t bytes) { return (bytes + kDataAlignment - 1) / kDataAlignment * kDataAlignment; }

class TensorTable {
 public:
  size_t add(const std::string& name, TensorKind kind, const Tensor& tensor) {
    const Tensor host = on_device(tensor, cpu_device());
    entries_.push_back({name, kind, host, size_});
    size_ += aligned(host.bytes());
    return entries_.size() - 1;
  }
  size_t variable(const std::shared_ptr<Variable>& variable) {
    const auto known = variables_.find(variable.get());
    if (known != variables_.end()) return known->second;
    return variables_[variable.get()] = add(
               variable->name, variable->random_state() ? TensorKind::random_state : TensorKind::variable, variable->read());
  }
  const std::vector<Entry>& entries() const { return entries_; }
  uint64_t size() const { return size_; }

 private:
  std::vector<Entry> entries_;
  std::unordered_map<const Variable*, size_t> variables_;
  uint64_t size_ = 0;
};

// A scan that was pruned is wired otherwise than its attributes say.
Attributes attributes_of(const FlatNode& node) {
  Attributes attributes = node.attributes;
  if (!node.body) return attributes;
  attributes.set("states", static_cast<int64_t>(node.body->states));
  attributes.set("sequences", static_cast<int64_t>(node.body->sequences));
  return attributes;
}

// Values in the order the file numbers them: inputs, leaves, results.
void write_function(const std::string& name, const FlatGraph& graph, TensorTable& tensors, ByteWriter& out) {
  std::vector<uint32_t> number(graph.values.size());
  uint32_t next = 0;
  out.string(name);
  out.count(graph.inputs.size());
  for (size_t i = 0; i < graph.inputs.size(); i++) {
    const auto id = static_cast<size_t>(graph.inputs[i]);
    number[id] = next++;
    out.string(graph.input_names[i]);
    out.type(graph.values[id].type);
  }
  std::vector<size_t> leaves;
  for (size_t id = 0; id < graph.values.size(); id++) {
    const FlatValue& value = graph.values[id];
    const auto slot = static_cast<size_t>(value.slot);
    if (value.source == Source::constant)
      leaves.push_back(tensors.add("", TensorKind::constant, graph.constants[slot]));
    else if (value.source == Source::variable)
      leaves.push_back(tensors.variable(graph.variables[slot]));
    else
      continue;
    number[id] = next++;
  }
  out.count(leaves.size());
  for (size_t leaf : leaves) out.count(leaf);
  out.count(graph.nodes.size());
  for (const FlatNode& node : graph.nodes) {
    out.string(node.op->name);
    out.string(node.layer ? *node.layer : "");
    out.attributes(attributes_of(node));
    out.count(node.inputs.size());
    for (int id : node.inputs) out.number(number[static_cast<size_t>(id)]);
    out.count(node.outputs.size());
    for (int id : node.outputs) {
      if (id >= 0) number[static_cast<size_t>(id)] = next;
      next++;
    }
    if (node.body) write_function("", node.body->graph, tensors, out);
  }
  out.count(graph.outputs.size());
  for (int id : graph.outputs) out.number(number[static_cast<size_t>(id)]);
  out.count(graph.updates.size());
  for (const FlatUpdate& update : graph.updates) {
    out.count(tensors.variable(graph.variables[static_cast<size_t>(update.variable)]));
    out.number(number[static_cast<size_t>(update.value)]);
  }
}

class File {
 public:
  explicit File(const std::string& path) : path_(path), handle_(std::fopen(path.c_str(), "wbx")) {
    if (!handle_) fail("cannot be created");
  }
  ~File() {
    if (handle_) std::fclose(handle_);
    if (!kept_) std::remove(path_.c_str());
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  void write(const void* data, size_t size) {
    if (size > 0 && std::fwrite(data, 1, size, handle_) != size) fail("cannot be written");
  }
  void move_to(const std::string& path) {
    if (std::fflush(handle_) != 0 || fsync(fileno(handle_)) != 0) fail("cannot be written");
    const int closed = std::fclose(std::exchange(handle_, nullptr));
    if (closed != 0) fail("cannot be written");
    if (std::rename(path_.c_str(), path.c_str()) != 0) fail("cannot be renamed to \"" + path + "\"");
    kept_ = true;
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw RuntimeError("model file \"" + path_ + "\" " + what + ": " + std::strerror(errno));
  }
  std::string path_;
  std::FILE* handle_;
  bool kept_ = false;
};

}  // namespace

void save_model(const std::string& path, const std::vector<SavedFunction>& functions, const std::vector<SavedSample>& samples) {
  TensorTable tensors;
  ByteWriter tail;
  tail.count(functions.size());
  for (const SavedFunction& function : functions) write_function(function.name, function.graph, tensors, tail);
  tail.count(samples.size());
  for (const SavedSample& sample : samples) {
    tail.count(sample.function);
    for (const std::vector<Tensor>* list : {&sample.inputs, &sample.outputs}) {
      tail.count(list->size());
      for (const Tensor& tensor : *list) tail.count(tensors.add("", TensorKind::sample, tensor));
    }
  }
  ByteWriter graph;
  graph.count(tensors.entries().size());
  for (const Entry& entry : tensors.entries()) {
    graph.string(entry.name);
    graph.number(static_cast<uint8_t>(entry.kind));
    graph.type(entry.tensor.type);
    graph.number(entry.offset);
  }
  const std::string bytes = graph.bytes() + tail.bytes();

  FileHeader header{};
  std::memcpy(header.magic, kMagic, sizeof kMagic);
  header.version = kFormatVersion;
  header.graph_offset = sizeof header;
  header.graph_size = bytes.size();
  header.graph_checksum = checksum(bytes.data(), bytes.size());
  header.data_offset = aligned(sizeof header + bytes.size());
  header.data_size = tensors.size();
  header.file_size = header.data_offset + header.data_size;

  const char zeros[kDataAlignment] = {};
  File file(path + "." + std::to_string(getpid()) + ".part");
  file.write(&header, sizeof header);
  file.write(bytes.data(), bytes.size());
  file.write(zeros, header.data_offset - sizeof header - bytes.size());
  for (const Entry& entry : tensors.entries()) {
    file.write(entry.tensor.data(), entry.tensor.bytes());
    file.write(zeros, aligned(entry.tensor.bytes()) - entry.tensor.bytes());
  }
  file.move_to(path);
}

}  // namespace nnstack
