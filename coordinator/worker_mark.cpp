#include "coordinator/worker_mark.hpp"

#include "common/base/errors.hpp"
#include "common/base/json.hpp"

namespace fleet::coordinator {

std::string worker_mark(const std::string& worker_id, const base::JsonText& metadata) {
    // Looked for before parsing: this is asked for every worker at every look.
    if (metadata.find("process_mark") == std::string::npos) {
        return worker_id;
    }
    try {
        const base::Json json = base::parse_json(metadata, "metadata of worker " + worker_id);
        const auto mark = json.find("process_mark");
        if (mark != json.end() && mark->is_string() && !mark->get<std::string>().empty()) {
            return mark->get<std::string>();
        }
    } catch (const base::ConfigError&) {
        // Another program wrote it; the id is the agreed form.
    }
    return worker_id;
}

}  // namespace fleet::coordinator
