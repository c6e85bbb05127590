#include "common/contracts/commit_rules.hpp"

#include <algorithm>
#include <string>
#include <variant>

#include "common/base/errors.hpp"
#include "common/contracts/work.hpp"

namespace fleet::contracts {
namespace {

/// Deeper nesting than any machine may have: the walk up must end.
constexpr int kMostLevels = 10'000;

class Family {
  public:
    Family(const model::StepCommit& commit, const FindInPlace& find)
        : commit_(commit), find_(find) {}

    void check_child(const model::NewChild& child) const {
        if (child.id.is_nil()) {
            refuse(child.id, "a child has no id; child_id makes one");
        }
        if (child.input.size() > kMaxInputBytes) {
            refuse(child.id, "its input has " + std::to_string(child.input.size()) +
                                 " bytes, at most " + std::to_string(kMaxInputBytes) +
                                 " are allowed");
        }
        if (!child.parent.is_nil()) {
            check_below(child.parent);
        }
    }

    void check_step(const model::InPlaceStep& step) const {
        check_below(step.id);
        if (!detaches(step.next)) {
            return;
        }
        const auto place = place_of(step.id);
        const model::Next* const parent = next_of(place->parent);
        const auto* const waits =
            parent == nullptr ? nullptr : std::get_if<model::NextChildren>(parent);
        if (waits == nullptr || waits->step != place->step) {
            refuse(step.id,
                   "it is detached, but its parent does not wait for the children of step " +
                       std::to_string(place->step));
        }
    }

  private:
    [[noreturn]] void refuse(const model::ExecutionId& id, const std::string& why) const {
        throw base::StoreError(base::StoreError::Kind::internal,
                               "committing a step of execution " + commit_.lease.execution.text() +
                                   " with " + id.text() + ": " + why);
    }

    [[nodiscard]] std::optional<InPlaceChild> place_of(const model::ExecutionId& id) const {
        for (const auto& child : commit_.children) {
            if (child.id == id && child.kind == model::ChildKind::in_place) {
                const bool own = child.parent.is_nil();
                return InPlaceChild{own ? commit_.lease.execution : child.parent, child.step};
            }
        }
        return find_(id);
    }

    [[nodiscard]] const model::Next* next_of(const model::ExecutionId& id) const {
        if (id == commit_.lease.execution) {
            return &commit_.next;
        }
        const auto found =
            std::find_if(commit_.in_place.begin(), commit_.in_place.end(),
                         [&id](const model::InPlaceStep& one) { return one.id == id; });
        return found == commit_.in_place.end() ? nullptr : &found->next;
    }

    void check_below(const model::ExecutionId& id) const {
        auto at = id;
        for (int level = 0; level < kMostLevels && at != commit_.lease.execution; ++level) {
            const auto place = place_of(at);
            if (!place) {
                break;
            }
            at = place->parent;
        }
        if (at != commit_.lease.execution) {
            refuse(id, "it is no open in-place child below that execution");
        }
    }

    const model::StepCommit& commit_;
    const FindInPlace& find_;
};

}  // namespace

bool detaches(const model::Next& next) {
    return std::holds_alternative<model::NextPending>(next) ||
           std::holds_alternative<model::NextWaiting>(next) ||
           std::holds_alternative<model::NextChildren>(next);
}

void check_family(const model::StepCommit& commit, const FindInPlace& find) {
    if (commit.children.size() > model::kMaxChildren) {
        throw base::StoreError(base::StoreError::Kind::internal,
                               "committing a step of execution " + commit.lease.execution.text() +
                                   ": it creates " + std::to_string(commit.children.size()) +
                                   " children, at most " + std::to_string(model::kMaxChildren) +
                                   " go into one commit",
                               "create them in several commits, the last of which parks");
    }
    const Family family{commit, find};
    for (const auto& child : commit.children) {
        family.check_child(child);
    }
    for (const auto& step : commit.in_place) {
        family.check_step(step);
    }
}

}  // namespace fleet::contracts
