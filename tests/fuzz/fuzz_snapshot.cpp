// Checkpoints that another member of the family, or somebody else, has written.
#include <string>

#include "common/base/errors.hpp"
#include "machines/engine/snapshot.hpp"
#include "machines/expression/errors.hpp"
#include "tests/fuzz/target.hpp"

namespace fleet::fuzz {

void run(std::string_view input) {
    try {
        const engine::MachineSnapshot snapshot = engine::snapshot_from_json(input);
        const std::string text = engine::to_json_text(snapshot);
        require(engine::to_json_text(engine::snapshot_from_json(text)) == text,
                "a snapshot can be written and read again");
    } catch (const base::ProtocolError& error) {
        require(!std::string_view(error.what()).empty(), "a refusal says what was wrong");
    } catch (const expression::EvaluationError& error) {
        require(!std::string_view(error.what()).empty(), "a refusal says what was wrong");
    }
}

}  // namespace fleet::fuzz
