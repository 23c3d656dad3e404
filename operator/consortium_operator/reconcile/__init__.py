"""From what should be to what is: one level-triggered `reconcile(chain)`, called by every trigger.

`reconciler` runs the steps, of which each needs those before it: keys (`keys`), genesis (`seal`),
certificates (`certificates`), Services, volumes, pods (`desired`, `apply`, `rollout`), the running
chain (`chain_view`, `membership`, `on_chain`), status (`status`). Each step finishes what a crash
left undone.
"""
