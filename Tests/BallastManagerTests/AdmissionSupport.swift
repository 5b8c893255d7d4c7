import BallastManager
import BallastModel
import BallastUnits

/// A pool with reservations in MHz and MiB, expandable or fixed in both resources.
func pool(
  _ name: String, cpu: Int64 = 0, memory: Int64 = 0, cpuLimit: Int64? = nil,
  memoryLimit: Int64? = nil, expandable: Bool = true, _ pools: [PoolSpec] = []
) -> PoolSpec {
  PoolSpec(
    name: name,
    cpu: .init(
      reservation: .megahertz(cpu), limit: cpuLimit.map(Kilohertz.megahertz),
      expandable: expandable),
    memory: .init(
      reservation: .mebibytes(memory), limit: memoryLimit.map(Bytes.mebibytes),
      expandable: expandable),
    pools: pools, place: SourcePlace(file: "t", line: 1, column: 1))
}

/// Admission over such pools, with a capacity in MHz and MiB.
func admission(
  _ pools: [PoolSpec], cpu: Int64 = 100_000, memory: Int64 = 1 << 20
) -> AdmissionControl {
  AdmissionControl(
    tree: PoolTree(pools, profile: .esxi), capacity: charge(cpu: cpu, memory: memory))
}

/// A charge in MHz and MiB.
func charge(cpu: Int64 = 0, memory: Int64 = 0) -> Charge {
  Charge(cpu: Kilohertz.megahertz(cpu).value, memory: Bytes.mebibytes(memory).value)
}

extension AdmissionControl {
  /// Admits VM `vm` for a CPU reservation in MHz.
  mutating func admit(_ vm: Int, pool: Int, mhz: Int64) -> Refusal? {
    admit(VMIndex(vm), pool: pool, charge: BallastManagerTests.charge(cpu: mhz))
  }
}
