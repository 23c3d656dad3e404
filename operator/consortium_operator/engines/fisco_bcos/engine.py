"""FISCO BCOS 3.x, Air edition: the Engine protocol, each method in the module that knows it."""

from collections.abc import Mapping, Sequence

from consortium_operator.api.chain import ConsortiumChain
from consortium_operator.api.problem import Problem
from consortium_operator.chain.files import NodeFile, Process
from consortium_operator.chain.genesis import Seal
from consortium_operator.chain.plan import Plan, PlannedNode
from consortium_operator.chain.private import PrivateFiles
from consortium_operator.chain.register import (
    AccountRegister,
    AuthorityKind,
    AuthorityRegister,
    NodeRegister,
)
from consortium_operator.chain.settings import Verdict, WantedSetting
from consortium_operator.chain.standalone import Place
from consortium_operator.engines.fisco_bcos import (
    access,
    authorities,
    block0,
    certificates,
    config,
    founding,
    genesis,
    identity,
    layout,
    on_chain,
    peers,
    problems,
    standalone,
    upgrades,
)
from consortium_operator.engines.fisco_bcos.governance import calls
from consortium_operator.engines.fisco_bcos.suites.suite import CryptoSuite
from consortium_operator.engines.fisco_bcos.suites.table import STANDARD, SUITES
from consortium_operator.engines.protocol import (
    AuthorityOwner,
    CertificateFacts,
    Conflict,
    NodeMaterial,
    RunningChain,
    Subject,
    Validity,
)


class FiscoBcos:
    """Stateless but for its suite. What each method means is said in engines/protocol.py."""

    def __init__(self, suite: CryptoSuite = STANDARD) -> None:
        self.suite = suite

    @property
    def name(self) -> str:
        return "FiscoBcos"

    def problems(self, chain: ConsortiumChain) -> tuple[Problem, ...]:
        return problems.problems(chain)

    def for_chain(self, plan: Plan) -> "FiscoBcos":
        suite = SUITES[plan.spec.fisco_bcos.cryptography]
        return self if suite is self.suite else FiscoBcos(suite)

    # Keys and their public side.

    def new_node_key(self) -> PrivateFiles:
        return identity.new_node_key(self.suite)

    def new_tls_key(self) -> PrivateFiles:
        return identity.new_tls_key(self.suite)

    def new_account(self) -> PrivateFiles:
        return identity.new_account(self.suite)

    def new_client_key(self) -> PrivateFiles:
        return identity.new_client_key()

    def new_authority(
        self, kind: AuthorityKind, subject: Subject, validity: Validity
    ) -> PrivateFiles:
        return certificates.new_authority(self.suite.authorities[kind], subject, validity)

    def node_register(self, node_key: PrivateFiles, tls_key: PrivateFiles) -> NodeRegister:
        return identity.node_register(self.suite, node_key, tls_key)

    def node_id(self, node_key: PrivateFiles) -> str:
        return identity.node_id(self.suite, node_key)

    def authority_register(self, kind: AuthorityKind, authority: PrivateFiles) -> AuthorityRegister:
        return authorities.authority_register(authority, self.suite.authorities[kind])

    def account_register(self, account: PrivateFiles) -> AccountRegister:
        return identity.account_register(self.suite, account)

    def client_fingerprint(self, client_key: PrivateFiles) -> str:
        return identity.client_fingerprint(client_key)

    # Authorities that members bring.

    def authority_facts(self, register: AuthorityRegister) -> CertificateFacts:
        return authorities.authority_facts(register)

    def why_not_renewed(self, recorded: AuthorityRegister, found: AuthorityRegister) -> str | None:
        return authorities.why_not_renewed(recorded, found)

    def authority_conflicts(
        self, found: Mapping[AuthorityOwner, AuthorityRegister]
    ) -> tuple[Conflict, ...]:
        return authorities.authority_conflicts(found)

    # Certificates.

    @property
    def node_signers(self) -> tuple[AuthorityKind, ...]:
        return tuple(sorted({leaf.issuer for leaf in self.suite.leaves}))

    @property
    def server_authority(self) -> AuthorityKind:
        return self.suite.leaves[-1].issuer

    def node_certificates(
        self,
        authorities: Mapping[AuthorityKind, PrivateFiles],
        subject: Subject,
        register: NodeRegister,
        validity: Validity,
    ) -> dict[str, str]:
        return certificates.node_certificates(self.suite, authorities, subject, register, validity)

    def node_certificates_in(self, data: Mapping[str, str]) -> dict[str, str]:
        files = (leaf.certificate for leaf in self.suite.leaves)
        return {file: data[file] for file in files if file in data}

    def node_certificate_facts(
        self,
        found: Mapping[str, str],
        register: NodeRegister,
        authorities: Mapping[AuthorityKind, AuthorityRegister],
    ) -> CertificateFacts:
        return certificates.node_certificate_facts(self.suite, found, register, authorities)

    def client_certificate(
        self,
        authority: PrivateFiles,
        subject: Subject,
        client_key: PrivateFiles,
        validity: Validity,
    ) -> str:
        return certificates.client_certificate(self.suite, authority, subject, client_key, validity)

    def certificate_facts(self, certificate: str, authority: AuthorityRegister) -> CertificateFacts:
        return certificates.certificate_facts(certificate, authority)

    def trust(self, authorities: Sequence[AuthorityRegister]) -> dict[str, str]:
        return certificates.trust(authorities)

    # The founding, and the files of a node.

    def seal(self, plan: Plan, node_ids: Mapping[str, str], admin: str) -> Seal:
        return genesis.seal(plan, node_ids, admin)

    def check_seal(self, plan: Plan, seal: Seal) -> tuple[Problem, ...]:
        return founding.check_seal(plan, seal)

    def settings_that_decide(self, plan: Plan) -> tuple[str, ...]:
        return upgrades.settings_that_decide(plan)

    def unfit_for(self, plan: Plan, seal: Seal, running: RunningChain) -> tuple[Problem, ...]:
        return upgrades.unfit_for(plan, seal, running)

    def block0_text(self, seal: Seal) -> str:
        return block0.block0_text(genesis.Genesis.read(seal.text))

    def process(self, plan: Plan) -> Process:
        return layout.process(plan)

    def peers(self, plan: Plan, node: PlannedNode) -> dict[str, str]:
        return {layout.NODES_JSON.rpartition("/")[2]: peers.nodes_json(plan, node)}

    def node_files(self, plan: Plan, seal: Seal, material: NodeMaterial) -> tuple[NodeFile, ...]:
        return config.node_files(plan, seal, material)

    def names_all_nodes(self, plan: Plan) -> bool:
        return access.names_all_nodes(plan.spec.fisco_bcos.peers)

    # Settings of the running chain.

    def wanted_settings(self, plan: Plan) -> tuple[WantedSetting, ...]:
        return on_chain.wanted_settings(plan.spec.fisco_bcos)

    def judge_setting(
        self,
        setting: WantedSetting,
        values: Mapping[str, str],
        versions: Mapping[str, str],
        seal: Seal,
    ) -> Verdict:
        return on_chain.judge_setting(setting, values, versions, seal)

    def removal_call(self, address: str) -> str:
        return calls.propose_governor(address, 0, calls.OPEN_FOR_BLOCKS).in_words()

    # Outside a cluster.

    def public_image(self, version: str) -> str:
        return layout.public_image(version)

    def standalone_files(
        self, plan: Plan, seal: Seal, material: NodeMaterial, places: Mapping[str, Place]
    ) -> tuple[NodeFile, ...]:
        return standalone.standalone_files(plan, seal, material, places)
