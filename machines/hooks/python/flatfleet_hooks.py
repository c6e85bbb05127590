"""Hooks and actions of a fleet's machines in Python (docs/hooks.md has the protocol).

    from flatfleet_hooks import serve

    class MyHooks:
        def on_action(self, action, context):
            context["seen"] = action
            return context

    serve(MyHooks())

Any of these methods may be there; only those that are there are called:

    on_machine_start(self, context)                     -> context
    on_machine_end(self, context, output)               -> output
    on_state_enter(self, state, context)                -> context
    on_state_exit(self, state, context, output)         -> output
    on_transition(self, from_state, to_state, context)  -> name of the state to go to
    on_error(self, state, error, context)               -> name of the state to go to, or None
    on_action(self, action, context)                    -> context
    on_tool_calls(self, state, tool_calls, context)     -> context
    on_tool_result(self, state, tool_result, context)   -> context

A method that is to return the context may change the one it was given and return nothing. An output,
or a state, stays as it is when nothing is returned. An exception becomes an error whose type is
the name of its class. What is printed goes to standard error, which is the attempt's log.

Only the standard library is needed, Python 3.9 or newer.
"""

import inspect
import json
import os
import sys
import threading
from concurrent import futures

__all__ = ["HookError", "action", "current_call", "serve", "tool"]

PROTOCOL_VERSION = 1

_CONTEXT_METHODS = {
    "on_machine_start": lambda call: (call["context"],),
    "on_state_enter": lambda call: (call["state"], call["context"]),
    "on_action": lambda call: (call["action"], call["context"]),
    "on_tool_calls": lambda call: (call["state"], call["tool_calls"], call["context"]),
    "on_tool_result": lambda call: (call["state"], call["tool_result"], call["context"]),
}
_OTHER_METHODS = {
    "on_machine_end": lambda call: (call["context"], call["output"]),
    "on_state_exit": lambda call: (call["state"], call["context"], call["output"]),
    "on_transition": lambda call: (call["from"], call["to"], call["context"]),
    "on_error": lambda call: (call["state"], HookError(**call["error"]), call["context"]),
}
_METHODS = {**_CONTEXT_METHODS, **_OTHER_METHODS}

_current = threading.local()
_module_actions = {}
_module_tools = {}


class HookError(Exception):
    """An error with a type of its own, which a machine's `on_error` can name."""

    def __init__(self, type, message):
        super().__init__(message)
        self.type = type
        self.message = message


def current_call():
    """The request that is being answered: `execution_id`, `machine`, `state` and the rest."""
    return _current.call


def action(name):
    """Answers the action of that name: a function of the context, or a method with it."""

    def mark(function):
        function.flatfleet_action = name
        if "." not in function.__qualname__:
            _module_actions[name] = function
        return function

    return mark


def tool(name, description="", parameters=None):
    """Answers the tool of that name: a function of the arguments, or a method with them."""

    def mark(function):
        function.flatfleet_tool = {
            "name": name,
            "description": description,
            "parameters": parameters or {"type": "object", "properties": {}},
        }
        if "." not in function.__qualname__:
            _module_tools[name] = function
        return function

    return mark


def serve(hooks=None, concurrent=False):
    """Answers requests until standard input ends.

    `hooks` is an object with some of the methods above, or its class, which is then made with the
    machine's `args` as named arguments; None serves the functions that @action and @tool mark.
    With `concurrent` several requests are answered at once, each by a thread.
    """
    _Server(hooks, concurrent).run()


class _Server:
    def __init__(self, hooks, concurrent):
        self._hooks = hooks
        self._concurrent = concurrent
        self._actions = dict(_module_actions)
        self._tools = dict(_module_tools)
        self._lock = threading.Lock()
        # From here on only answers reach the real standard output, also from other programs that
        # this one starts.
        sys.stdout.flush()
        self._answers = os.fdopen(os.dup(1), "wb", buffering=0)
        os.dup2(2, 1)
        sys.stdout = sys.stderr

    def run(self):
        requests = sys.stdin.buffer
        pool = futures.ThreadPoolExecutor(32) if self._concurrent else None
        for line in iter(requests.readline, b""):
            request = json.loads(line)
            if request["method"] == "hello":
                self._write(self._hello(request))
            elif pool is None:
                self._write(self._answer(request))
            else:
                pool.submit(lambda one=request: self._write(self._answer(one)))
        if pool is not None:
            pool.shutdown()

    def _write(self, answer):
        try:
            text = json.dumps(answer, ensure_ascii=True, allow_nan=False)
        except (TypeError, ValueError, RecursionError) as error:
            text = json.dumps(_failure(answer.get("id", 1), error))
        data = memoryview(text.encode("ascii") + b"\n")
        with self._lock:
            while data:
                data = data[self._answers.write(data) :]

    def _hello(self, request):
        try:
            if inspect.isclass(self._hooks):
                self._hooks = self._hooks(**request["args"])
            self._find_marked()
        except Exception as error:
            return _failure(request["id"], error)
        methods = [name for name in _METHODS if callable(getattr(self._hooks, name, None))]
        if self._actions and "on_action" not in methods:
            methods.append("on_action")
        return {
            "hello": {
                "version": PROTOCOL_VERSION,
                "methods": methods,
                "tools": [function.flatfleet_tool for function in self._tools.values()],
                "concurrent": self._concurrent,
            }
        }

    def _find_marked(self):
        for name in dir(type(self._hooks)):
            member = inspect.getattr_static(type(self._hooks), name)
            if hasattr(member, "flatfleet_action"):
                self._actions[member.flatfleet_action] = getattr(self._hooks, name)
            if hasattr(member, "flatfleet_tool"):
                self._tools[member.flatfleet_tool["name"]] = getattr(self._hooks, name)

    def _answer(self, request):
        _current.call = request
        try:
            return {"id": request["id"], "result": self._result(request)}
        except Exception as error:
            return _failure(request["id"], error)

    def _result(self, request):
        method = request["method"]
        if method == "call_tool":
            call = request["tool_call"]
            return _tool_result(self._tools[call["name"]](call["arguments"]))
        if method == "on_action" and request["action"] in self._actions:
            result = self._actions[request["action"]](request["context"])
        else:
            function = getattr(self._hooks, method, None)
            result = function(*_METHODS[method](request)) if callable(function) else None
        if result is None and method in _CONTEXT_METHODS:
            return request["context"]
        return result


def _tool_result(result):
    if isinstance(result, dict) and isinstance(result.get("content"), str):
        return {"content": result["content"], "is_error": bool(result.get("is_error", False))}
    return {"content": result if isinstance(result, str) else json.dumps(result), "is_error": False}


def _failure(id, error):
    type_name = error.type if isinstance(error, HookError) else type(error).__name__
    return {"id": id, "error": {"type": type_name, "message": str(error)}}
