import BallastModel
import BallastScenario
import BallastUnits
import Testing

@testable import BallastPlanner

/// What becomes of reservations under the limits that `plan limits` tries.
struct LimitTests {
  private func text(_ answer: PlanAnswer, _ key: String) -> String? {
    guard case .array(let entries)? = answer.json.first(where: { $0.key == "entries" })?.value,
      case .object(let members)? = entries.first,
      case .text(let text)? = members.first(where: { $0.key == key })?.value
    else { return nil }
    return text
  }

  /// One host of 4000 MHz; gold wants 800 of its 1000 MHz and reserves them, eight others want 8000 MHz.
  private let gold = """
    ballast: 1
    duration: 1h
    control: {interval: 5m}
    hypervisor: {profile: esxi, host_reserve: 0MiB, vm_overhead: 0MiB}
    clusters:
      - {name: c, hosts: [{name: h, cpu: {cores: 4, mhz: 1000}, memory: 64GiB}]}
    vms:
      - {name: gold, vcpus: 1, memory: 1GiB, cpu: {reservation: 800MHz}, workload: {cpu: 80%}}
      - {name: noise, count: 8, vcpus: 1, memory: 1GiB, workload: {cpu: 100%}}
    expect:
      - {metric: cpu_ready_pct_per_vcpu, of: {vms: gold}, statistic: p95, at_most: 5}
    """

  /// Without its reservation gold gets 4000 / 9 = 444 MHz, with it all of the 800 it wants: a limit of 800 MHz holds, and
  /// one of 700 keeps back 100 of 1000 MHz.
  @Test func aLimitKeepsTheReservation() throws {
    let answer = try PlanLimits(resource: .cpu, vm: "gold", steps: 10).answer(bench(gold))
    #expect(answer.sentence.contains("gold 800MHz (with its reservation of 800MHz)"))
    #expect(text(answer, "lowest_limit") == "800MHz")
    #expect(text(answer, "reservation_with_lowest_limit") == "800MHz")
    let proof = try bench(#require(answer.proof).json)
    #expect(proof.scenario.vms[0].cpu.reservation == .megahertz(800))
    #expect(try proof.run(Trial()).get().holds)
  }

  /// web reserves all of its 4096 MiB and nobody asks for memory: the lowest limit holds, 409 MiB, and the reservation
  /// cannot stay above it.
  @Test func aReservationAboveTheLimitComesDownToIt() throws {
    let text = estate.replacingOccurrences(
      of: "memory: 4GiB,", with: "memory: 4GiB, memory_policy: {reservation: 4GiB},")
    let answer = try PlanLimits(resource: .memory, vm: nil, steps: 10).answer(bench(text))
    #expect(
      answer.sentence.contains("web 409MiB (with its reservation lowered from 4096MiB to that)"))
    #expect(self.text(answer, "reservation_written") == "4096MiB")
    #expect(self.text(answer, "reservation_with_lowest_limit") == "409MiB")
  }

  /// noisy reserves 7000 of 8000 MHz, so quiet gets 1000 of the 2000 it wants: 25 % ready, and at most 5 % of 4000 may be
  /// missing. Limits from 6200 down mend it, 5600 in steps of 800, below what is reserved.
  @Test func aLimitThatMendsSaysWhatItTakesAway() throws {
    let tenants = """
      ballast: 1
      duration: 1h
      control: {interval: 5m}
      clusters:
        - name: prod
          hosts: [{name: esx, cpu: {cores: 8, mhz: 1000}, memory: 64GiB}]
      vms:
        - {name: noisy, vcpus: 8, memory: 8GiB, cpu: {reservation: 7GHz}, workload: {cpu: 100%}}
        - {name: quiet, vcpus: 4, memory: 8GiB, cpu: {shares: 1}, workload: {cpu: 50%}}
      expect:
        - {metric: cpu_ready_pct_per_vcpu, of: {vms: quiet}, statistic: p95, at_most: 5}
      """
    let answer = try PlanLimits(resource: .cpu, vm: "noisy", steps: 10).answer(bench(tenants))
    #expect(
      answer.sentence.hasSuffix(
        "a cpu limit of at most 5600MHz (with its reservation lowered from 7000MHz to that) for "
          + "noisy mends it"))
    #expect(try bench(#require(answer.proof).json).run(Trial()).get().holds)
  }

  /// A VM that cannot be admitted for what it reserves: nothing reserved mends it, and the proof of that can be run.
  @Test func noReservationIsAnAnswer() throws {
    let text = estate.replacingOccurrences(
      of: "memory: 4GiB,", with: "memory: 4GiB, memory_policy: {reservation: 4GiB, limit: 4GiB},"
    ).replacingOccurrences(of: "memory: 64GiB", with: "memory: 10GiB")
    let answer = try PlanLimits(resource: .memory, vm: nil, steps: 2).answer(bench(text))
    #expect(answer.isAnswered)
    #expect(try bench(#require(answer.proof).json).run(Trial()).get().holds)
  }
}
