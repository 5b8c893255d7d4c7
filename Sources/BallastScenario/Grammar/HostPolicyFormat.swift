/// The format of a host's policy file: what `ballast host` reads. It shares its words with scenarios where both mean the
/// same.
extension ObjectName {
  var hostPolicySpec: ObjectSpec {
    switch self {
    case .hostPolicies:
      ObjectSpec(
        summary: "Policies of the host.",
        keys: [
          Key(
            "reclamation",
            .either([
              .catalog(.memory), .words([.init("off", "memory is left alone")]),
              .object(.reclamation),
            ]), "Taking memory back.", standard: "off")
        ])
    case .domains: domainsSpec
    case .domain:
      ObjectSpec(
        noun: "domain",
        summary: "Settings of the domains that a name or a glob stands for.",
        keys: [
          Key(
            "name", .pattern, "Name or glob; the first entry that matches holds.", required: true),
          Key("cpu", .object(.vmCPU), "CPU settings."),
          Key("memory_policy", .object(.domainMemory), "Memory settings."),
        ])
    case .domainMemory: domainMemorySpec
    case .domainBalloon:
      ObjectSpec(
        summary: "The balloon of a domain.",
        keys: [
          Key(
            "managed", .boolean, "Memory policies may ask the balloon for memory.",
            standard: "true")
        ])
    case .safety: safetySpec
    case .directHost:
      ObjectSpec(
        summary: "Guests of a host without libvirt.",
        keys: [
          Key("ballast", .whole(1...1), "Version of the format.", required: true),
          Key("domains", .list(.object(.directDomain)), "The guests.", required: true),
        ])
    case .directDomain: directSpec
    default:
      ObjectSpec(
        summary: "What an administrator wants of a KVM host.",
        keys: [
          Key("ballast", .whole(1...1), "Version of the format.", required: true),
          Key("name", .name, "Name of the policy.", standard: "the file's name"),
          Key("control", .object(.control), "The control loop; every 10s unless set."),
          Key(
            "hypervisor", .catalog(.profile), "What words and defaults of shares mean.",
            standard: "kvm"),
          Key("policies", .object(.hostPolicies), "Policies of the host."),
          Key("domains", .object(.domains), "Who is managed, and how."),
          Key("safety", .object(.safety), "What a controller may never do."),
        ])
    }
  }

  private var domainsSpec: ObjectSpec {
    ObjectSpec(
      summary: "Who is managed, and how.",
      keys: [
        Key(
          "managed", .list(.pattern),
          "Names and globs of domains that may be changed, beside those that carry Ballast's mark.",
          standard: "none"),
        Key("settings", .list(.object(.domain)), "Settings by name or glob."),
      ])
  }

  private var domainMemorySpec: ObjectSpec {
    settings(
      "Memory settings of a domain.", .memory,
      more: [
        Key(
          "balloon_max", .quantity(.percentage),
          "Most of the domain's memory that its balloon may take.", standard: "the profile's"),
        Key("minimum", .quantity(.memory), "What a balloon always leaves.", standard: "0"),
        Key("balloon", .object(.domainBalloon), "Its balloon."),
        Key(
          "buffer", .quantity(.surplus),
          "hyperv-dynamic-memory: what the guest is to have beyond its demand, 5% to 2000%.",
          standard: "20%"),
        Key(
          "priority", .whole(0...100),
          "hyperv-dynamic-memory: weight of its demand when memory is short.", standard: "50"),
      ])
  }

  private var directSpec: ObjectSpec {
    ObjectSpec(
      noun: "guest",
      summary: "A guest, its monitor and its control groups.",
      keys: [
        Key("name", .name, "Name of the guest.", required: true),
        Key("socket", .path, "QMP socket that nobody else talks to.", required: true),
        Key("uuid", .text, "What the audit log knows it by.", standard: "its name"),
        Key(
          "process", .whole(1...4_194_304), "Process id of QEMU.",
          standard: "the one at the other end of the socket"),
        Key("cpu_group", .path, "Control group with its CPU weight and quota, and nothing else."),
        Key("memory_group", .path, "Control group with its memory protection."),
        Key(
          "balloon", .text, "The balloon in QEMU's object tree.",
          standard: "/machine/peripheral/balloon0"),
        Key("minimum", .quantity(.memory), "What a balloon always leaves.", standard: "0"),
      ])
  }

  private var safetySpec: ObjectSpec {
    ObjectSpec(
      summary: "What holds back a controller, whatever a plan asks for.",
      keys: [
        Key(
          "dead_band", .quantity(.percentage), "Differences up to this are left.", standard: "1%"),
        Key(
          "step_down", .quantity(.percentage),
          "Of its configured memory, what one guest may lose in one step.", standard: "5%"),
        Key(
          "headroom", .quantity(.memory),
          "Free memory that a guest keeps beyond its working set.", standard: "64MiB"),
        Key(
          "without_autodeflate", .boolean,
          "Shrink guests whose balloon does not give way when they run out of memory.",
          standard: "false"),
        Key(
          "statistics_period", .quantity(.duration),
          "How often guests are asked to report, in whole seconds; 0s leaves it as it is.",
          standard: "5s"),
        Key(
          "stale_periods", .whole(1...100),
          "A guest that has not reported for so many periods is not shrunk.", standard: "3"),
        Key(
          "stuck_after", .quantity(.duration),
          "A balloon target that has brought nothing for so long is taken back.",
          standard: "15s"),
        Key(
          "quiet", .quantity(.duration),
          "After distress or a stuck balloon a guest is not shrunk for so long.",
          standard: "5m"),
        Key(
          "major_faults", .whole(1...1_000_000),
          "Major faults per second of a shrunk guest from which on it counts as in distress.",
          standard: "100"),
        Key(
          "ksm", .boolean, "Let a policy write the host's page-merging settings.",
          standard: "false"),
      ])
  }
}
