#include "machines/agents/agent_files.hpp"

#include "common/base/errors.hpp"
#include "machines/config/document.hpp"

namespace fleet::agents {

AgentFiles::Found AgentFiles::find(const std::string& name) const {
    Found found;
    if (const auto held = held_.find(name); held != held_.end()) {
        found.document = held->second;
        found.exists = true;
        return found;
    }
    const bool is_absolute = std::filesystem::path(name).is_absolute();
    if (folder_.empty() && !is_absolute) {
        return found;
    }
    const std::filesystem::path file = folder_ / name;
    try {
        if (const auto text = config::read_text(file)) {
            auto parsed = config::parse_document(*text, shown(name), config::syntax_of(file));
            found.exists = true;
            found.document = std::move(parsed.root);
            found.diagnostics = std::move(parsed.diagnostics);
        }
    } catch (const base::ConfigError& error) {
        config::Findings findings(shown(name));
        findings.refuse({{}, {}}, error.what(), error.advice(), config::Fault::missing_file);
        found.exists = true;
        found.diagnostics = findings.all();
    }
    return found;
}

std::string AgentFiles::shown(const std::string& name) const {
    return folder_.empty() ? name : (folder_ / name).lexically_normal().string();
}

std::string resolved(const std::string& from, const std::string& reference) {
    return (std::filesystem::path(from).parent_path() / reference).lexically_normal().string();
}

}  // namespace fleet::agents
