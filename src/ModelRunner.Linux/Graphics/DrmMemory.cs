using System.Globalization;

namespace ModelRunner.Linux.Graphics;

/// <summary>
/// Reads what drivers of the kernel (amdgpu, i915, xe) tell about graphics memory: of a process in <c>/proc/PID/fdinfo</c>, of a card of AMD in
/// <c>/sys</c>. The format is that of the kernel's <c>drm-usage-stats</c>. No method throws. A driver that hangs may block the calling thread.
/// </summary>
/// <param name="processes">The folder of processes, <c>/proc</c>.</param>
/// <param name="devices">The folder of the devices of cards, <c>/dev/dri</c>.</param>
/// <param name="drivers">The folder of drivers, <c>/sys/bus/pci/drivers</c>.</param>
internal sealed class DrmMemory(string processes, string devices, string drivers)
{
    /// <summary>Whether the machine has a driver that may tell something.</summary>
    public bool IsHere => Directory.Exists(devices);

    /// <summary>Adds what these processes use, and the cards of AMD.</summary>
    public void Read(IReadOnlyCollection<int> wanted, GraphicsReading reading)
    {
        // Processes can share an open device, which then has the same number in each of them. Some drivers begin the numbers anew for each card.
        HashSet<(string Card, string Client)> seen = [];
        foreach (int process in wanted)
            foreach (string descriptor in DescriptorsOf(process))
                Add(process, ReadText(Path.Join(FolderOf(process), "fdinfo", descriptor)), seen, reading);
        ReadCards(reading);
    }

    private string FolderOf(int process) => Path.Join(processes, process.ToString(CultureInfo.InvariantCulture));

    private List<string> DescriptorsOf(int process)
    {
        List<string> found = [];
        try
        {
            foreach (FileInfo descriptor in new DirectoryInfo(Path.Join(FolderOf(process), "fd")).EnumerateFiles())
                if (descriptor.LinkTarget?.StartsWith("/dev/dri/", StringComparison.Ordinal) ?? false)
                    found.Add(descriptor.Name);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // The process has ended, or may not be read.
        }

        return found;
    }

    private static void Add(int process, string text, HashSet<(string Card, string Client)> seen, GraphicsReading reading)
    {
        string? card = null;
        string? client = null;
        Dictionary<string, (long Bytes, int Rank)> regions = new(StringComparer.Ordinal);
        foreach (string line in text.Split('\n'))
        {
            int colon = line.IndexOf(':', StringComparison.Ordinal);
            if (colon < 0)
                continue;
            string value = line[(colon + 1)..].Trim();
            if (line.StartsWith("drm-pdev:", StringComparison.Ordinal))
                card = value;
            else if (line.StartsWith("drm-client-id:", StringComparison.Ordinal))
                client = value;
            else if (RankOf(line.AsSpan(0, colon), out string region) is { } rank && ParseBytes(value) is { } bytes
                && (!regions.TryGetValue(region, out (long, int Rank) known) || known.Rank < rank))
                regions[region] = (bytes, rank);
        }

        if (!CardName.IsValid(card) || regions.Count == 0 || (client is not null && !seen.Add((card!, client))))
            return;
        foreach ((long bytes, _) in regions.Values)
            reading.Add(process, card!, bytes);
    }

    /// <summary>
    /// How exactly a key tells the memory of a region on the card; null if it does not. Resident memory is what is wanted; <c>drm-memory</c> is its
    /// older name, and i915 had only the total at first. Regions of the main memory, such as <c>gtt</c> and <c>system</c>, do not count.
    /// </summary>
    private static int? RankOf(ReadOnlySpan<char> key, out string region)
    {
        ReadOnlySpan<string> prefixes = ["drm-total-", "drm-memory-", "drm-resident-"];
        for (int rank = 0; rank < prefixes.Length; rank++)
        {
            if (!key.StartsWith(prefixes[rank], StringComparison.Ordinal))
                continue;
            region = key[prefixes[rank].Length..].ToString();
            return region.StartsWith("vram", StringComparison.Ordinal) || region.StartsWith("local", StringComparison.Ordinal) ? rank : null;
        }

        region = "";
        return null;
    }

    // A number without a unit is in bytes.
    private static long? ParseBytes(string value)
    {
        string[] words = value.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (words.Length is 0 or > 2 || !long.TryParse(words[0], NumberStyles.None, CultureInfo.InvariantCulture, out long number))
            return null;
        long unit = words.Length == 1 ? 1 : words[1] switch { "KiB" => 1L << 10, "MiB" => 1L << 20, "GiB" => 1L << 30, _ => 0 };
        return unit > 0 && number <= long.MaxValue / unit ? number * unit : null;
    }

    private void ReadCards(GraphicsReading reading)
    {
        try
        {
            foreach (string folder in Directory.EnumerateDirectories(Path.Join(drivers, "amdgpu")).Order(StringComparer.Ordinal))
            {
                string card = Path.GetFileName(folder);
                if (CardName.IsValid(card) && ParseBytes(ReadText(Path.Join(folder, "mem_info_vram_total")).Trim()) is { } total
                    && ParseBytes(ReadText(Path.Join(folder, "mem_info_vram_used")).Trim()) is { } used)
                    reading.Add(new CardMemory(card, total, used));
            }
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // There is no card of AMD.
        }
    }

    private static string ReadText(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}
