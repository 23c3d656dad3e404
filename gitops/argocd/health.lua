-- Health of a ConsortiumChain, for Argo CD: the ConfigMap argocd-cm, key
-- resource.customizations.health.consortium.dev_ConsortiumChain (docs/gitops.md).
--
-- Argo CD gives it the resource as `obj` and none of Lua's libraries but the base and table ones.

local function health(status, message)
  return {status = status, message = message}
end

if obj.metadata.deletionTimestamp ~= nil then
  return health("Progressing", "is being deleted; keys, genesis and ledgers stay")
end

local status = obj.status or {}
if status.observedGeneration ~= obj.metadata.generation then
  return health("Progressing", "waits for the operator to look at it")
end

local conditions = {}
for _, condition in ipairs(status.conditions or {}) do
  conditions[condition.type] = condition
end
local ready = conditions.Ready or {}
local quorum = conditions.QuorumHealthy or {}
local stalled = conditions.Stalled or {}

if stalled.status == "True" then
  return health("Degraded", stalled.message)
end
if obj.spec.paused then
  return health("Suspended", "paused, as the spec says: " .. (ready.message or ""))
end
if ready.reason == "Hibernated" then
  return health("Suspended", ready.message)
end
if ready.status == "True" then
  return health("Healthy", ready.message)
end
-- The operator works at it, and no block is made meanwhile.
if quorum.status == "False" then
  return health("Degraded", ready.message)
end
return health("Progressing", ready.message)
