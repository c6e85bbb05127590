#include "machines/calls/hook_process.hpp"

#include <utility>

#include "machines/calls/hook_owner.hpp"

namespace fleet::calls {

HookProcess::HookProcess(HookCommand command, const expression::Value& args,
                         const base::Clock& clock, base::Log& log)
    : owner_(std::make_unique<Owner>(std::move(command), args, clock, log)) {}

HookProcess::~HookProcess() = default;

std::shared_ptr<const HookHello> HookProcess::hello(const CallScope& scope) {
    if (auto known = owner_->known_hello()) {
        return known;
    }
    const auto call = std::make_shared<HookCall>();
    call->id = owner_->next_id();
    call->method = "hello";
    call->log_path = scope.log_path;
    owner_->run(call, scope.stop);
    return owner_->known_hello();
}

std::shared_ptr<const HookHello> HookProcess::known_hello() const {
    return owner_->known_hello();
}

expression::Value HookProcess::call(const CallScope& scope, const std::string& method,
                                    expression::Value members, base::Millis timeout) {
    const auto call = std::make_shared<HookCall>();
    call->id = owner_->next_id();
    call->method = method;
    call->line = encode_request({call->id, method, std::move(members)});
    call->log_path = scope.log_path;
    call->timeout = timeout == base::Millis{0} ? owner_->command().timeout : timeout;
    return owner_->run(call, scope.stop);
}

void HookProcess::begin_end() {
    owner_->begin_end();
}

}  // namespace fleet::calls
