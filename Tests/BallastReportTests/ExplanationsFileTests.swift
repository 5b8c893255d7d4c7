import BallastModel
import BallastReport
import BallastUnits
import Foundation
import Testing

/// `explanations.json`: what is written can be read, by the report and by others.
@Suite struct ExplanationsFileTests {
  static let refusals: [Refusal] = [
    .reservationAboveSize(resource: .cpu, reservation: 5_000, size: 4_000),
    .limitBelowReservation(resource: .memory, limit: 1, reservation: 2),
    .poolReservation(
      .init(
        resource: .cpu, bound: .fixed, asks: [.init(pool: "gold", asked: 3_000, unreserved: 1_000)],
        room: 1_000)),
    .overcommitted(.init(resource: .memory, pool: "", reserved: 9, available: 8, needed: 1)),
    .hostFit(
      .init(
        hosts: 2, best: "esx-0", cpuShort: Kilohertz(1), memoryShort: Bytes(2), isFragmented: true)),
    .failoverCapacity(.init(policy: "slots", count: .slots, used: 3, available: 2)),
    .failoverCapacity(
      .init(policy: "percentage", count: .amount(.memory), used: 3, available: 2, capacityShort: 4)),
    .allocationRatio(
      .init(
        count: .vcpus, hosts: 2, best: "esx-0", asked: 4, used: 14, capacity: 16, ratio: .one,
        total: 16)),
    .affinityRule(rule: "must", hosts: 3), .noHost,
    .hostMemory(
      .init(count: .free, hosts: 2, best: "esx-0", needed: Bytes(3), available: Bytes(2))),
    .hostMemory(
      .init(count: .swap, hosts: 1, best: "esx-0", needed: Bytes(3), available: Bytes(-1))),
    .hostNotOn(host: "esx-0", state: "maintenance"), .notMovable(state: "off"),
  ]

  @Test(arguments: refusals) func refusalsReadBack(refusal: Refusal) throws {
    let json = jsonText(refusal)
    #expect(json.contains("\"kind\" : \"\(refusal.kind.rawValue)\""))
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    #expect(try decoder.decode(Refusal.self, from: Data(json.utf8)) == refusal)
  }

  @Test func everyKindOfRefusalIsTried() {
    #expect(Set(Self.refusals.map(\.kind)) == Set(RefusalKind.allCases))
  }

  @Test func aShortageWithoutAPoolIsDamage() {
    let text = """
      {"kind": "pool_reservation", "words": "", "numbers":
       {"resource": "cpu", "bound": "fixed", "asks": [], "room": 0}}
      """
    #expect(throws: DecodingError.self) {
      try JSONDecoder().decode(Refusal.self, from: Data(text.utf8))
    }
  }

  /// Decisions beyond those that are kept are counted and not even made.
  @Test func manyDecisionsAreCounted() {
    var decisions = RunExplanations.Decisions()
    var made = 0
    for second in 0..<1_500 {
      decisions.add {
        made += 1
        return DecisionRecord(
          time: .seconds(Int64(second)), vm: "a", kind: .migrate, policy: "drs", from: "x", to: "y")
      }
    }
    #expect(decisions.count == 1_500)
    #expect(made == 1_000)
    #expect(decisions.records.last?.time == .seconds(999))
  }
}
