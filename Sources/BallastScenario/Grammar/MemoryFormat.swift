import BallastModel

/// The part of the format that is about memory: what guests do with it, how hypervisors take it back, and where pages
/// go that find no room.
extension ObjectName {
  var memorySpec: ObjectSpec {
    switch self {
    case .vmMemory: guestPolicySpec
    case .balloon: balloonSpec
    case .pages: pagesSpec
    case .hostSwap:
      Self.swapSpec(
        "Where a host puts pages that find no room in its memory.",
        [
          .init("none", "no swap"), .init("ssd", "a file or partition on flash"),
          .init("disk", "on a spinning disk"), .init("zram", "compressed, in memory"),
          .init("zswap", "compressed in memory first, then on an SSD"),
        ])
    case .guestSwap:
      Self.swapSpec(
        "The guest's own swap.",
        [
          .init("none", "no swap"), .init("ssd", "a file or partition on flash"),
          .init("disk", "on a spinning disk"), .init("zram", "compressed, in its memory"),
        ])
    case .scan: scanSpec
    case .memoryWorkload: workloadOfMemorySpec
    default: reclamationSpec
    }
  }

  /// `hypervisor:`, the parameters about memory.
  static let memoryParameters = [
    Key(
      "balloon_rate", .quantity(.rate), "How fast a balloon grows and shrinks.",
      standard: "the profile's"),
    Key(
      "page_sharing",
      .words([
        .init("off", "nobody looks for equal pages"),
        .init("within_vm", "equal pages of one VM are stored once"),
        .init("between_vms", "of all VMs of a host"),
      ]), "Whose equal pages are stored once.", standard: "the profile's"),
    Key(
      "large_pages", .boolean,
      "Guests are backed by 2 MiB pages, which are not shared until they are broken up.",
      standard: "the profile's"),
    Key("scan", .object(.scan), "How equal pages are looked for."),
  ]

  private var guestPolicySpec: ObjectSpec {
    settings(
      "Memory settings of a VM.", .memory,
      more: [
        Key(
          "balloon_max", .quantity(.percentage),
          "Most of the VM's memory that its balloon may take.",
          standard: "the profile's: 65% on esxi, else 100%"),
        Key(
          "minimum", .quantity(.memory), "What balloon policies leave the guest.",
          standard: "the policy's: proxmox leaves the VM alone, others take the reservation"),
        Key(
          "startup", .quantity(.memory),
          "What the guest has at power-on; the balloon holds the rest. ESXi gives all at once.",
          standard: "all its memory; under squeezed its minimum"),
        Key("balloon", .object(.balloon), "How the guest answers its balloon."),
        Key(
          "buffer", .quantity(.surplus),
          "hyperv-dynamic-memory: what the guest is to have beyond its demand, 5% to 2000%.",
          standard: "20%"),
        Key(
          "priority", .whole(0...100),
          "hyperv-dynamic-memory: weight of its demand when memory is short.", standard: "50"),
      ])
  }

  private var balloonSpec: ObjectSpec {
    ObjectSpec(
      summary: "How a guest answers its balloon.",
      keys: [
        Key(
          "driver",
          .words([
            .init("present", "the guest follows targets"),
            .init("missing", "targets are accepted and nothing moves"),
          ]), "Whether the guest has a balloon driver.", standard: "present"),
        Key(
          "managed", .boolean, "Memory policies may ask the balloon for memory.", standard: "true"),
        Key("rate", .quantity(.rate), "How fast it grows and shrinks.", standard: "the profile's"),
        Key(
          "resists_beyond", .quantity(.percentage),
          "Part of its memory the guest gives up at most, whatever is asked.",
          standard: "all it can"),
        Key(
          "deflate_on_oom", .boolean,
          "The balloon gives memory back before the guest runs out of it.", standard: "false"),
        Key(
          "free_page_reporting", .boolean,
          "The guest tells which pages are free, and the host takes them without a target.",
          standard: "false"),
      ])
  }

  private var pagesSpec: ObjectSpec {
    ObjectSpec(
      summary:
        "What the pages hold that a guest has touched, as parts of them; the rest is unique.",
      keys: [
        Key(
          "zero", .quantity(.percentage), "Pages of zeros.",
          standard: "5%, or less where the others leave less"),
        Key(
          "common", .quantity(.percentage), "Equal to pages of other VMs with the same image.",
          standard: "8%, or less where the others leave less"),
        Key(
          "duplicate", .quantity(.percentage), "Equal to another page of the same VM.",
          standard: "3%, or less where the others leave less"),
      ])
  }

  private static func swapSpec(_ summary: String, _ devices: [Kind.Word]) -> ObjectSpec {
    ObjectSpec(
      summary: summary,
      keys: [
        Key("device", .words(devices), "Kind of device.", standard: "ssd"),
        Key(
          "size", .quantity(.memory), "Room on it.",
          standard: "as much as is needed; zram of a host: half its memory"),
        Key(
          "latency", .quantity(.duration), "Time to read one page.",
          standard: "ssd 150us, disk 8ms, zram and zswap 10us"),
        Key(
          "bandwidth", .quantity(.rate), "Reads and writes together, shared by all its users.",
          standard: "ssd 500MiB/s, disk 100MiB/s, zram and zswap 2GiB/s"),
      ])
  }

  private var scanSpec: ObjectSpec {
    ObjectSpec(
      summary: "How equal pages are looked for: the first six are of KSM, the last two of ESXi.",
      keys: [
        Key(
          "pages_to_scan", .whole(1...10_000_000), "KSM: pages per wake.", standard: "100"),
        Key("sleep", .quantity(.duration), "KSM: time between wakes.", standard: "20ms"),
        Key(
          "max_page_sharing", .whole(2...1_000_000), "KSM: uses of one stored page at most.",
          standard: "256"),
        Key(
          "use_zero_pages", .boolean, "KSM: pages of zeros become the kernel's zero page.",
          standard: "false"),
        Key(
          "smart_scan", .boolean, "KSM: pages that never matched are visited less often.",
          standard: "true"),
        Key(
          "advisor_target", .quantity(.duration),
          "KSM: pages_to_scan follows this time per pass over all pages.", standard: "off"),
        Key(
          "whole_vm_within", .quantity(.duration), "ESXi: every VM is scanned once in this time.",
          standard: "1h"),
        Key(
          "per_ghz", .quantity(.rate), "ESXi: scanned per GHz of the host at most.",
          standard: "4MiB/s"),
      ])
  }

  private var workloadOfMemorySpec: ObjectSpec {
    ObjectSpec(
      summary: "Memory demand in percent of the VM's memory.",
      keys: [
        Key(
          "active", .either([.quantity(.percentage), .object(.memoryDemand)]),
          "Memory in active use.", standard: "0%"),
        Key(
          "touched", .either([.quantity(.percentage), .object(.memoryDemand)]),
          "Memory the guest ever used.", standard: "100%"),
        Key(
          "page_cache", .quantity(.percentage),
          "Part of what is used and not active that the guest can drop without writing it.",
          standard: "0%"),
        Key(
          "ramp", .quantity(.duration), "From power-on until all that is touched has been.",
          standard: "0s"),
        Key(
          "rewritten", .quantity(.percentage), "Part of the active memory rewritten per second.",
          standard: "2%"),
      ])
  }

  private var reclamationSpec: ObjectSpec {
    ObjectSpec(
      summary: "How memory is taken back when a host runs short.",
      keys: [
        Key(
          "policy", .catalog(.memory), "Who decides how much from whom.",
          standard: "the profile's: \(Self.policiesOfProfiles)"),
        Key(
          "order",
          .list(
            .words([
              .init("share", "page sharing"), .init("balloon", "ballooning"),
              .init("compress", "compression"), .init("swap", "host swap"),
            ])), "Techniques in the order they are tried; one that is not named is not used.",
          standard: "all that the profile has"),
        Key(
          "idle_tax", .quantity(.percentage),
          "How much idle memory counts against a VM in its memory entitlement.",
          standard: "the profile's: 75% on esxi, else 0%"),
        Key(
          "min_free", .quantity(.memory),
          "proportional-share: free memory that a host's states are parts of.",
          standard: "ESXi's scale on esxi; elsewhere states are parts of the host's memory"),
        Key(
          "ballooning", .boolean,
          "mom-ovirt: balloons move by vdsm's rules, which oVirt has switched off.",
          standard: "false"),
        Key(
          "double_paging", .boolean,
          "A guest that pages out what the host has swapped out reads it back first.",
          standard: "false"),
      ])
  }

  private static let policiesOfProfiles = HypervisorProfile.catalog.map {
    "\($0.memory.policy) on \($0.name)"
  }.joined(separator: ", ")
}
