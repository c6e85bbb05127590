// A machine's file, as YAML and as JSON: read, checked, and stored and loaded again.
#include <algorithm>

#include "machines/config/bundle_loader.hpp"
#include "machines/engine/expression_checks.hpp"
#include "tests/fuzz/target.hpp"

namespace fleet::fuzz {
namespace {

/// The one file there is, whatever it is called by those that refer to it.
class OneFile final : public config::FileSource {
  public:
    OneFile(std::string_view text, config::Syntax syntax) : text_(text), syntax_(syntax) {}

    [[nodiscard]] std::optional<config::ParsedDocument> read(
        const std::string& name) const override {
        if (!exists(name)) {
            return std::nullopt;
        }
        return config::parse_document(text_, name, syntax_, limits());
    }
    [[nodiscard]] bool exists(const std::string& name) const override { return name == "m.yml"; }
    [[nodiscard]] std::string shown(const std::string& name) const override { return name; }

  private:
    /// Smaller than those of people's files, so that they are reached quickly.
    static config::Limits limits() {
        config::Limits limits;
        limits.file_bytes = std::size_t{1} << 16U;
        limits.nodes = 20'000;
        limits.text_bytes = std::size_t{1} << 20U;
        return limits;
    }

    std::string_view text_;
    config::Syntax syntax_;
};

void load(std::string_view input, config::Syntax syntax) {
    const OneFile file(input, syntax);
    const config::LoadResult first =
        config::BundleLoader(file, engine::check_expressions).load("m.yml");
    const auto lines = std::ranges::count(input, '\n') + 1;
    for (const config::Diagnostic& one : first.diagnostics) {
        require(!one.line().empty(), "a finding says something");
        require(one.at.line >= 1 && one.at.column >= 1 && one.at.line <= lines + 1,
                "a finding stands in the file");
    }
    if (!first.bundle) {
        require(!first.diagnostics.empty(), "what is refused has a reason");
        return;
    }
    const std::string stored = config::canonical_text(*first.bundle);
    const config::LoadResult again = config::load_canonical(stored);
    require(again.bundle.has_value(), "a machine that was stored can be loaded");
    require(config::canonical_text(*again.bundle) == stored, "storing twice stores the same");
    require(again.bundle->machines.size() == first.bundle->machines.size(),
            "a stored machine has all its parts");
}

}  // namespace

void run(std::string_view input) {
    load(input, config::Syntax::yaml);
    load(input, config::Syntax::json);
}

}  // namespace fleet::fuzz
