#include "coordinator/worker_mark.hpp"

#include "common/base/errors.hpp"
#include "common/base/json.hpp"

namespace fleet::coordinator {

std::string worker_mark(const model::WorkerRecord& worker) {
    // Looked for before parsing: this is asked for every worker at every look.
    if (worker.metadata.find("process_mark") == std::string::npos) {
        return worker.owner;
    }
    try {
        const base::Json json =
            base::parse_json(worker.metadata, "metadata of worker " + worker.worker_id);
        const auto mark = json.find("process_mark");
        if (mark != json.end() && mark->is_string() && !mark->get<std::string>().empty()) {
            return mark->get<std::string>();
        }
    } catch (const base::ConfigError&) {
        // Another program wrote it; the owner is the agreed form.
    }
    return worker.owner;
}

}  // namespace fleet::coordinator
