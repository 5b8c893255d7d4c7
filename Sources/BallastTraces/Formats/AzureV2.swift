extension TraceFormat {
  /// Azure Public Dataset V2 (2019): readings as in V1; the table of VMs gives buckets instead of sizes.
  ///
  /// Source    github.com/Azure/AzurePublicDataset, AzurePublicDatasetV2.md. Buckets there are 2, 4, 8, 24 and
  ///           >24 cores, and 2, 4, 8, 32, 64 and >64 GB.
  /// Buckets   a VM gets the number its bucket is named after, the largest size in it; the open ones get their
  ///           bound, 24 cores and 64 GiB, which is too small for those VMs. (The publisher's notebook takes
  ///           30 and 70.)
  static let azureV2 = TraceFormat(
    name: "azure-v2",
    summary: "Azure Public Dataset V2 (2019): as V1, with buckets of cores and memory",
    // V2 has 195 files of readings, V1 125. Any other part of it has to be named.
    recognises: { $0.names.contains { $0.contains("-of-195.csv") } },
    reading: .text { source, builder in
      var reader = AzureReader(source, builder, sizes: .buckets)
      reader.read()
    })
}
