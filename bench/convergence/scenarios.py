"""The scenarios by name. Each is a function of a rig that returns figures by name."""

import scenarios_hosts as hosts
import scenarios_kernel as kernel
import scenarios_load as load
import scenarios_relay as relay

SCENARIOS = {
    "import": kernel.import_routes,
    "vtep": kernel.vtep_loss,
    "restart": kernel.restart,
    "idle": kernel.idle,
    "vnis": kernel.apply_vnis,
    "relay": relay.relay,
    "reload": relay.reload_rounds,
    "soak": relay.soak,
    "responsive": load.responsive,
    "tool": relay.tool_alone,
    "learn": hosts.learn,
    "move": hosts.move,
}


def function(case, dut):
    """What is run for a device: the loader knows but one thing."""
    return kernel.load_directly if dut == "loader" else SCENARIOS[case.scenario]
