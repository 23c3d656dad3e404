"""Whether the chains' specs are accepted, and what the operator has said of each."""

from collections.abc import Iterator

from consortium_operator.cli.chain_table import condition, is_ready
from consortium_operator.cli.doctor.facts import ChainFacts, Facts
from consortium_operator.cli.doctor.finding import Check, Finding
from consortium_operator.cli.seeing import Hidden

_CHECK = Check("chain")


def judge(facts: Facts) -> Iterator[Finding]:
    subject, chains = f"namespace {facts.namespace.name}", facts.namespace.chains
    if isinstance(chains, Hidden):
        yield _CHECK.unknown(subject, chains.why)
        return
    if not chains:
        yield _CHECK.ok(subject, "no chain is there")
    for chain in chains:
        yield from _judge_spec(chain)
        yield _judge_condition(chain, facts.namespace.name)


def _judge_spec(chain: ChainFacts) -> Iterator[Finding]:
    for problem in chain.problems:
        yield _CHECK.error(chain.name, problem.message, f"change {problem.path}")


def _judge_condition(chain: ChainFacts, namespace: str) -> Finding:
    see = f"kubectl consortium status {chain.name} --namespace {namespace}"
    if is_ready(chain.resource):
        return _CHECK.ok(chain.name, "Ready")
    ready = condition(chain.resource, "Ready")
    message = ready.get("message") or "the operator has not judged its newest spec"
    if condition(chain.resource, "Stalled").get("status") == "True":
        return _CHECK.error(chain.name, f"waits for a person: {message}", see)
    return _CHECK.warning(chain.name, f"not Ready: {message}", see)
