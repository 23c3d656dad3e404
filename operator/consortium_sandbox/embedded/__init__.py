"""A Kubernetes cluster out of plain processes, on one Linux machine, without a container engine.

Every sandbox has network namespaces of its own with no route out (one for the control plane, one
per node) and, per node, a mount namespace of its own, in which /run, /var/log and /var/lib are
private: two sandboxes, or a sandbox and a container engine of the machine, never share a file.
Nothing that runs inside can leave the machine, and removing the namespaces removes nearly all of
it.

topology (names and addresses) and layout (files) are pure; pki, network, mounts, cgroups and
processes each manage one kind of thing; control_plane and node_components say what is run with
which flags; record is what is known of it on disk; start brings it up, cleanup takes it down, and
cluster is what others see.
"""
