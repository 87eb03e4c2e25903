#include "io/load.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bit>
#include <cerrno>

#include "io/format.h"

namespace nnstack {
namespace {

static_assert(std::endian::native == std::endian::little, "model files are little-endian");

constexpr int kDeepestLoop = 32;

struct Entry {
  TensorKind kind;
  Tensor tensor;
  std::shared_ptr<Variable> variable;
};

class Loader {
 public:
  Loader(const ModelBytes& bytes, Device& device) : bytes_(bytes), device_(device) {}

  LoadedModel run() {
    const FileHeader header = checked_header();
    ByteReader in(bytes_.data + header.graph_offset, header.graph_size, bytes_.name);
    read_tensors(in, header);
    LoadedModel model;
    std::vector<std::string> names;
    const size_t functions = in.count(20);
    for (size_t f = 0; f < functions; f++) {
      const std::string name = in.string();
      FlatGraph graph = read_function(in);
      names.push_back(name);
      if (!model.functions.emplace(name, std::make_unique<Program>(std::move(graph), device_, PassSwitches{}, name)).second)
        in.fail("two functions are called \"" + name + "\"");
    }
    const size_t samples = in.count(12);
    for (size_t s = 0; s < samples; s++) {
      LoadedSample sample{names.at(in.index(names.size(), "function")), {}, {}};
      for (std::vector<Tensor>* list : {&sample.inputs, &sample.outputs}) {
        const size_t n = in.count(sizeof(uint32_t));
        for (size_t k = 0; k < n; k++) list->push_back(entries_[in.index(entries_.size(), "tensor")].tensor);
      }
      model.samples.push_back(std::move(sample));
    }
    if (!in.at_end()) in.fail("bytes are left over behind the graph");
    return model;
  }

 private:
  [[noreturn]] void fail(const std::string& text) const { throw ValueError("model file \"" + bytes_.name + "\": " + text); }

  FileHeader checked_header() const {
    FileHeader header;
    if (bytes_.size < sizeof header)
      fail("only " + std::to_string(bytes_.size) + " bytes long, too short for a header of " + std::to_string(sizeof header));
    std::memcpy(&header, bytes_.data, sizeof header);
    if (std::memcmp(header.magic, kMagic, sizeof kMagic) != 0)
      fail("not an nnstack model (it does not begin with NNSTACK); export one with model.export(path)");
    if (header.version != kFormatVersion)
      fail("format version " + std::to_string(header.version) + "; this library reads version " +
           std::to_string(kFormatVersion));
    if (header.file_size != bytes_.size)
      fail("truncated or extended: the header says " + std::to_string(header.file_size) + " bytes, there are " +
           std::to_string(bytes_.size));
    const auto inside = [&](uint64_t offset, uint64_t size) { return offset <= bytes_.size && size <= bytes_.size - offset; };
    if (!inside(header.graph_offset, header.graph_size) || !inside(header.data_offset, header.data_size) ||
        header.data_offset % kDataAlignment != 0)
      fail("damaged header: a section lies outside the file");
    if (checksum(bytes_.data + header.graph_offset, header.graph_size) != header.graph_checksum)
      fail("damaged: the checksum of the graph does not agree");
    return header;
  }

  void read_tensors(ByteReader& in, const FileHeader& header) {
    const size_t count = in.count(15);
    for (size_t t = 0; t < count; t++) {
      const std::string name = in.string();
      const auto kind = in.number<uint8_t>();
      if (kind > static_cast<uint8_t>(TensorKind::sample)) in.fail("tensor \"" + name + "\" is of an unknown kind");
      const TensorType type = in.type();
      const auto offset = in.number<uint64_t>();
      if (!type.shape.known()) in.fail("tensor \"" + name + "\" has an unknown dimension");
      const auto size = static_cast<uint64_t>(type.bytes());
      if (offset % kDataAlignment != 0 || offset > header.data_size || size > header.data_size - offset)
        in.fail("tensor \"" + name + "\" of " + std::to_string(size) + " bytes lies outside the data");
      Tensor tensor;
      tensor.type = type;
      tensor.storage = std::make_shared<Storage>(cpu_device(), size, bytes_.data + header.data_offset + offset, bytes_.owner);
      Entry entry{static_cast<TensorKind>(kind), tensor, nullptr};
      if (entry.kind == TensorKind::variable || entry.kind == TensorKind::random_state) {
        entry.variable = std::make_shared<Variable>(name, on_device(tensor, device_), entry.kind == TensorKind::random_state);
      }
      entries_.push_back(std::move(entry));
    }
  }

  FlatGraph read_function(ByteReader& in, int depth = 0) {
    if (depth > kDeepestLoop) in.fail("loops in loops, more than " + std::to_string(kDeepestLoop) + " deep");
    FlatGraph graph;
    std::vector<Content> contents;
    const size_t inputs = in.count(6);
    for (size_t i = 0; i < inputs; i++) {
      graph.input_names.push_back(in.string());
      graph.inputs.push_back(static_cast<int>(i));
      graph.values.push_back({in.type(), Source::input, static_cast<int>(i)});
      contents.push_back({});
    }
    std::map<const Variable*, int> slots;
    const size_t leaves = in.count(sizeof(uint32_t));
    for (size_t l = 0; l < leaves; l++) add_leaf(graph, slots, contents, entries_[in.index(entries_.size(), "tensor")]);
    const size_t nodes = in.count(20);
    for (size_t n = 0; n < nodes; n++) read_node(in, graph, contents, depth);
    const auto value = [&] { return static_cast<int>(in.index(graph.values.size(), "value")); };
    const size_t outputs = in.count(sizeof(uint32_t));
    for (size_t o = 0; o < outputs; o++) graph.outputs.push_back(value());
    const size_t updates = in.count(2 * sizeof(uint32_t));
    for (size_t u = 0; u < updates; u++) {
      const Entry& entry = entries_[in.index(entries_.size(), "tensor")];
      if (!entry.variable) in.fail("an update writes a tensor that is not a variable");
      const int slot = variable_slot(graph, slots, entry.variable);
      for (const FlatUpdate& other : graph.updates)
        if (other.variable == slot) in.fail("variable \"" + entry.variable->name + "\" is updated twice");
      graph.updates.push_back({slot, value()});
    }
    if (depth == 0) remove_dead(graph);  // outputs that nobody reads
    return graph;
  }

  static int variable_slot(FlatGraph& graph, std::map<const Variable*, int>& slots, const std::shared_ptr<Variable>& variable) {
    const auto [at, fresh] = slots.emplace(variable.get(), static_cast<int>(graph.variables.size()));
    if (fresh) graph.variables.push_back(variable);
    return at->second;
  }

  static void add_leaf(FlatGraph& graph, std::map<const Variable*, int>& slots, std::vector<Content>& contents,
                       const Entry& entry) {
    if (entry.variable) {
      graph.values.push_back({entry.tensor.type, Source::variable, variable_slot(graph, slots, entry.variable)});
      contents.push_back({});
      return;
    }
    graph.values.push_back({entry.tensor.type, Source::constant, static_cast<int>(graph.constants.size())});
    graph.constants.push_back(entry.tensor);
    const bool small = is_integer(entry.tensor.type.dtype) && entry.tensor.type.shape.elements() <= 4 * kMaxRank;
    contents.push_back(small ? Content{true, integers(entry.tensor)} : Content{});
  }

  // A loop's node: its types follow from those of the body.
  void read_loop(ByteReader& in, FlatGraph& graph, std::vector<Content>& contents, FlatNode node, int depth) {
    const auto fail = [&] { in.fail("scan: the body does not fit its node"); };
    const auto outputs = in.number<uint32_t>();
    in.string();
    const FlatGraph body = read_function(in, depth + 1);
    const int64_t states = node.attributes.integer("states"), sequences = node.attributes.integer("sequences");
    const auto count = static_cast<int64_t>(node.inputs.size()), results = static_cast<int64_t>(body.outputs.size());
    if (states < 0 || sequences < 1 || states > count || sequences > count - states || states > results) fail();
    if (body.inputs.size() != node.inputs.size() || !body.variables.empty() || outputs != results + states) fail();
    Dim length = kUnknown;
    for (int64_t i = 0; i < count; i++) {
      const TensorType& given = graph.values[static_cast<size_t>(node.inputs[static_cast<size_t>(i)])].type;
      const TensorType& taken = body.values[static_cast<size_t>(body.inputs[static_cast<size_t>(i)])].type;
      const bool sliced = i >= states && i < states + sequences;
      if (given.dtype != taken.dtype || given.shape.rank() != taken.shape.rank() + sliced) fail();
      if (sliced && given.shape[0] >= 0) length = given.shape[0];
    }
    const auto add = [&](TensorType type, bool stacked) {
      if (stacked) {
        Shape shape{length};
        for (Dim d : type.shape) shape.push_back(d);
        type.shape = shape;
      }
      node.outputs.push_back(static_cast<int>(graph.values.size()));
      graph.values.push_back({type, Source::computed, 0});
      contents.push_back({});
    };
    const auto result = [&](int64_t k) { return body.values[static_cast<size_t>(body.outputs[static_cast<size_t>(k)])].type; };
    for (int64_t k = 0; k < results; k++) add(result(k), k >= states);
    for (int64_t k = 0; k < states; k++) add(result(k), true);
    node.body = std::make_shared<const FlatBody>(
        FlatBody{body, static_cast<int>(states), static_cast<int>(sequences), node.attributes.flag("reverse")});
    graph.nodes.push_back(std::move(node));
  }

  void read_node(ByteReader& in, FlatGraph& graph, std::vector<Content>& contents, int depth) {
    const Op& op = op_named(in.string());
    const std::string layer = in.string();
    const Attributes given = in.attributes();
    FlatNode node{&op, {}, {}, {}, layer.empty() ? nullptr : std::make_shared<const std::string>(layer)};
    for (const auto& [key, fallback] : op.attributes) {
      if (std::holds_alternative<BodyPointer>(fallback)) continue;  // it follows the node
      const Attribute* found = given.find(key.c_str());
      if (!found || found->index() != fallback.index())
        in.fail(op.name + ": attribute \"" + key + "\" is missing or of another type");
      node.attributes.set(key, *found);
    }
    const size_t count = in.count(sizeof(uint32_t));
    if (static_cast<int>(count) < op.least_inputs || (op.most_inputs >= 0 && static_cast<int>(count) > op.most_inputs))
      in.fail(op.name + ": " + std::to_string(count) + " inputs");
    Inference inference{op, node.attributes, {}, {}};
    for (size_t i = 0; i < count; i++) {
      const size_t id = in.index(graph.values.size(), "value");
      node.inputs.push_back(static_cast<int>(id));
      inference.inputs.push_back(graph.values[id].type);
      inference.contents.push_back(contents[id]);
    }
    if (op.name == "scan") return read_loop(in, graph, contents, std::move(node), depth);
    const std::vector<TensorType> types = op.infer(inference);
    const auto outputs = in.number<uint32_t>();
    if (outputs != types.size()) in.fail(op.name + ": " + std::to_string(outputs) + " outputs");
    for (const TensorType& type : types) {
      node.outputs.push_back(static_cast<int>(graph.values.size()));
      graph.values.push_back({type, Source::computed, 0});
      contents.push_back(is_integer(type.dtype) && op.content ? op.content(inference) : Content{});
    }
    graph.nodes.push_back(std::move(node));
  }

  const ModelBytes& bytes_;
  Device& device_;
  std::vector<Entry> entries_;
};

}  // namespace

ModelBytes map_model(const std::string& path) {
  const auto fail = [&](const char* what) -> void {
    throw RuntimeError("model file \"" + path + "\" " + what + ": " + std::strerror(errno));
  };
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) fail("cannot be opened");
  struct stat status{};
  void* data = MAP_FAILED;
  const bool known = fstat(file, &status) == 0 && S_ISREG(status.st_mode);
  const auto size = known ? static_cast<size_t>(status.st_size) : 0;
  if (size > 0) data = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0);
  close(file);
  if (!known) throw RuntimeError("model file \"" + path + "\" is not a regular file");
  if (size == 0) throw ValueError("model file \"" + path + "\": empty");
  if (data == MAP_FAILED) fail("cannot be mapped");
  const std::shared_ptr<const void> owner(data, [size](const void* mapped) { munmap(const_cast<void*>(mapped), size); });
  return {static_cast<char*>(data), size, owner, path};
}

ModelBytes copy_model(const void* data, size_t size) {
  auto storage = std::make_shared<Storage>(cpu_device(), size);
  if (size > 0) std::memcpy(storage->data(), data, size);
  return {static_cast<char*>(storage->data()), size, storage, "(memory)"};
}

LoadedModel load_model(const ModelBytes& bytes, Device& device) {
  try {
    return Loader(bytes, device).run();
  } catch (const Error& error) {
    const std::string text = error.what();
    if (text.starts_with("model file")) throw;
    throw ValueError("model file \"" + bytes.name + "\": " + text);
  } catch (const std::bad_alloc&) {
    throw ValueError("model file \"" + bytes.name + "\": asks for more memory than there is");
  }
}

}  // namespace nnstack
