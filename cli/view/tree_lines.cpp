#include "cli/view/tree_lines.hpp"

#include "cli/core/output.hpp"
#include "cli/view/describe.hpp"
#include "common/model/json_writer.hpp"

namespace fleet::cli {
namespace {

/// Whether nothing of the same parent follows the node at `at`. A tree that is cut off may go on at
/// every level that is still open.
bool is_last_child(const model::Tree& tree, std::size_t at) {
    const int depth = tree.nodes[at].depth;
    for (std::size_t next = at + 1; next < tree.nodes.size(); ++next) {
        if (tree.nodes[next].depth <= depth) {
            return tree.nodes[next].depth < depth;
        }
    }
    return tree.more == 0;
}

std::string node_text(const model::TreeNode& node, const Terminal& terminal) {
    std::string state(model::to_text(node.status));
    if (node.error_kind && node.status == model::Status::failed) {
        state += " (" + std::string(model::to_text(*node.error_kind)) + ")";
    }
    std::string text = node.id.text() + "  " + terminal.paint(state, colour_of(node.status));
    if (!node.label.empty()) {
        text += "  " + printable(node.label);
    }
    text += "  step " + std::to_string(node.step) + " #" + std::to_string(node.ordinal);
    if (!node.stage.empty()) {
        text += "  stage " + printable(node.stage);
    }
    if (node.kind != model::ChildKind::waited_for) {
        text += node.kind == model::ChildKind::launched ? "  launched" : "  in place";
    }
    return text;
}

}  // namespace

std::vector<std::string> tree_lines(const model::Tree& tree, const Terminal& terminal) {
    std::vector<std::string> lines;
    // For each level whether its last child was drawn: its line has ended.
    std::vector<bool> ended;
    for (std::size_t at = 1; at < tree.nodes.size(); ++at) {
        const model::TreeNode& node = tree.nodes[at];
        const auto level = static_cast<std::size_t>(node.depth - 1);
        const bool last = is_last_child(tree, at);
        ended.resize(level);
        std::string line;
        for (const bool above : ended) {
            line += above ? "   " : "│  ";
        }
        line += (last ? "└─ " : "├─ ") + node_text(node, terminal);
        ended.push_back(last);
        lines.push_back(terminal.out_is_terminal()
                            ? cut_to_width(line, static_cast<std::size_t>(terminal.columns()))
                            : line);
    }
    if (tree.more > 0) {
        lines.push_back("and " + with_commas(tree.more) + " more");
    }
    return lines;
}

base::JsonText tree_json(const model::Tree& tree) {
    std::string json = "[";
    for (std::size_t at = 1; at < tree.nodes.size(); ++at) {
        const model::TreeNode& node = tree.nodes[at];
        model::JsonObjectWriter one;
        one.text("id", node.id.text());
        one.text("parent", node.parent.text());
        one.integer("depth", node.depth);
        one.text("label", node.label);
        one.text("stage", node.stage);
        one.text("status", model::to_text(node.status));
        one.integer("step", node.step);
        one.integer("ordinal", node.ordinal);
        one.text("kind", model::to_text(node.kind));
        if (node.error_kind) {
            one.text("error_kind", model::to_text(*node.error_kind));
        } else {
            one.null("error_kind");
        }
        json += (at > 1 ? "," : "") + one.finish();
    }
    return json + "]";
}

}  // namespace fleet::cli
