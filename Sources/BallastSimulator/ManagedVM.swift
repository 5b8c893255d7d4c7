import BallastManager
import BallastModel
import BallastUnits

/// A VM's settings as they stand after scheduled changes, and what the simulation remembers of it.
struct ManagedVM {
  var cpu: ResourceSettings<Kilohertz>
  var memory: ResourceSettings<Bytes>
  /// Its host failed: when it may start again, and on which host alone (nil: any).
  var restart: Restart?

  struct Restart {
    var notBefore: SimTime
    var only: HostIndex?
    var lastHost: HostIndex
    var wasRefused = false
  }

  init(_ vm: World.VM) {
    cpu = vm.cpuSettings
    memory = vm.memorySettings
  }

  func settings(
    _ vm: World.VM, pool: Int, coreRate: Kilohertz, world: World
  ) -> VMSettings {
    var settings = VMSettings(
      cpu: cpu, memory: memory, quota: vm.quota, vcpus: vm.vcpus, configured: vm.memory,
      coreRate: coreRate, pool: pool, profile: world.profile, rules: world.policies.entitlement)
    settings.memoryOverhead = world.overhead(of: vm).value
    settings.memory = vm.memoryPolicy
    return settings
  }
}

extension World {
  /// Host memory that a VM costs beside its own.
  func overhead(of vm: VM) -> Bytes {
    profile.memoryOverhead.overhead(vcpus: vm.vcpus, configured: vm.memory)
  }
}
