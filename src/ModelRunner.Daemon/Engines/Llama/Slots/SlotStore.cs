using ModelRunner.Configuration;
using ModelRunner.Linux.Files;

namespace ModelRunner.Daemon.Engines.Llama.Slots;

/// <summary>
/// The folder with saved contexts. Only this user can read it. The names of its files begin with <see cref="SlotIdentity.NameOf"/>. Links are neither
/// followed nor created. Thread-safe.
/// </summary>
internal sealed class SlotStore
{
    /// <summary>The argument that tells llama-server the folder.</summary>
    public const string FolderArgument = "--slot-save-path";

    private const string DataEnding = ".kv";
    private const string PartEnding = ".part";
    private const string DescriptionEnding = ".json";
    private const string TestEnding = ".test";
    private const int MaxDescriptionBytes = 64 * 1024;
    private const UnixFileMode OnlyOwner = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    // A full file system would disturb other programs.
    private const double ReservedPart = 0.05;
    private const long MaxReserved = 1L << 30;

    /// <summary>The most results of self-tests without a context. Each new file of a model or program adds one.</summary>
    private const int MaxTests = 64;

    private static readonly string[] Endings = [DataEnding, PartEnding, DescriptionEnding, TestEnding];

    private readonly ILogger _logger;

    // Nothing may be written after everything was removed.
    private readonly Lock _changing = new();
    private volatile KvCacheSettings _settings;

    /// <param name="settings">Where the folder is, and whether it is used. If it is not, contexts of earlier times are removed.</param>
    /// <param name="logger">The log.</param>
    public SlotStore(KvCacheSettings settings, ILogger logger)
    {
        (_settings, _logger) = (settings, logger);
        if (settings.Persist)
            RemoveRest();
        else
            RemoveAll(static _ => true);
    }

    public KvCacheSettings Settings => _settings;

    /// <summary>Replaces the settings. Contexts are removed if they are no longer saved.</summary>
    public void Configure(KvCacheSettings settings)
    {
        lock (_changing)
        {
            _settings = settings;
            if (!settings.Persist)
                RemoveAll(static _ => true);
        }
    }

    /// <summary>The file of a slot, while it is being written.</summary>
    public static string PartOf(string name) => name + PartEnding;

    /// <summary>The file of a slot.</summary>
    public static string DataOf(string name) => name + DataEnding;

    /// <summary>Arguments without the folder.</summary>
    public static IReadOnlyList<string> WithoutFolder(IReadOnlyList<string> arguments)
    {
        string[] before = [.. arguments.TakeWhile(static argument => argument != FolderArgument)];
        return before.Length == arguments.Count ? arguments : [.. before, .. arguments.Skip(before.Length + 2)];
    }

    /// <summary>Creates the folder if it is missing, and checks it.</summary>
    /// <returns>Its path; null: it cannot be used, and the log says why.</returns>
    public string? Prepare()
    {
        if (_settings is not { Persist: true, FolderPath: { } folder })
            return null;
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(folder)!, OnlyOwner | UnixFileMode.UserExecute);
            using PrivateFolder? opened = PrivateFolder.TryOpen(folder, create: true);
            if (opened is null)
            {
                SlotLog.FolderNotUsable(_logger, folder, "it is not a folder, or it belongs to another user, or others may write to it");
                return null;
            }

            File.SetUnixFileMode(folder, OnlyOwner | UnixFileMode.UserExecute);
            return folder;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            SlotLog.FolderNotUsable(_logger, folder, failure.Message);
            return null;
        }
    }

    /// <summary>The contexts that were saved for an identity, by slot.</summary>
    public IReadOnlyList<SavedSlot> Find(string identity)
    {
        string prefix = SlotIdentity.NameOf(identity) + "-";
        return [.. Names().Where(name => name.StartsWith(prefix, StringComparison.Ordinal) && name.EndsWith(DescriptionEnding, StringComparison.Ordinal))
            .Select(ReadDescription).OfType<SavedSlot>().Where(saved => saved.Identity == identity).OrderBy(static saved => saved.Slot)];
    }

    /// <summary>The result of the self-test of an identity; null: there is none.</summary>
    public SelfTestResult? FindTest(string identity) =>
        Read(SlotIdentity.NameOf(identity) + TestEnding) is { } body && SelfTestResult.Parse(body) is { } result && result.Identity == identity ? result : null;

    /// <summary>Keeps the result of a self-test. Returns false where it cannot be written.</summary>
    public bool Keep(SelfTestResult result)
    {
        lock (_changing)
            return _settings.Persist && TryWrite(SlotIdentity.NameOf(result.Identity) + TestEnding, result.Write());
    }

    /// <summary>Creates an empty file that only this user can read. An engine that writes to it keeps its mode.</summary>
    /// <returns>False: it cannot be created.</returns>
    public bool TryCreate(string name)
    {
        try
        {
            string path = PathOf(name);
            File.Delete(path);
            using var file = new FileStream(
                path, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = OnlyOwner, BufferSize = 0 });
            return true;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            SlotLog.NotWritten(_logger, name, failure.Message);
            return false;
        }
    }

    /// <summary>A file was written completely: it replaces the earlier one of the slot.</summary>
    /// <param name="name">Its name, without its ending.</param>
    /// <param name="saved">What is in it.</param>
    /// <returns>False: it could not be replaced, and neither file is there.</returns>
    public bool TryReplace(string name, SavedSlot saved)
    {
        lock (_changing)
        {
            if (_settings.Persist)
                return TryReplaceNow(name, saved);
            RemoveSlot(name);
            return false;
        }
    }

    private bool TryReplaceNow(string name, SavedSlot saved)
    {
        // Between both steps there is no description, so a crash cannot leave one that belongs to the other file.
        Remove(name + DescriptionEnding);
        try
        {
            File.Move(PathOf(PartOf(name)), PathOf(DataOf(name)), overwrite: true);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            SlotLog.NotWritten(_logger, name, failure.Message);
            RemoveSlot(name);
            return false;
        }

        if (TryWrite(name + DescriptionEnding, saved.Write()))
            return true;
        RemoveSlot(name);
        return false;
    }

    /// <summary>The absolute path of a file.</summary>
    public string PathOf(string name) => Path.Join(_settings.FolderPath, name);

    /// <summary>Whether the file system has room for so many bytes more, without being nearly full.</summary>
    public bool HasRoom(long bytes)
    {
        try
        {
            var drive = new DriveInfo(_settings.FolderPath!);
            return drive.AvailableFreeSpace - bytes >= Math.Min(drive.TotalSize * ReservedPart, MaxReserved);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>Removes the contexts that were used longest ago until all of them, and so many bytes more, are within the limit.</summary>
    /// <param name="bytes">The bytes that will be added.</param>
    /// <param name="kept">Names of slots, without an ending, that stay. The bytes belong to the last one, and replace what it has.</param>
    /// <returns>False: they do not fit beside those that stay. Then nothing is removed.</returns>
    public bool TryMakeRoom(long bytes, IReadOnlyList<string> kept)
    {
        var files = Names().Where(static name => name.EndsWith(DataEnding, StringComparison.Ordinal))
            .Select(name => (Name: name[..^DataEnding.Length], Status: FileStatus.OfLink(PathOf(name))))
            .Where(file => file.Name != kept[^1]).OrderBy(static file => file.Status.Written).ToList();
        if (files.Where(file => kept.Contains(file.Name, StringComparer.Ordinal)).Sum(static file => file.Status.SizeBytes) > _settings.MaxBytes - bytes)
            return false;
        long total = files.Sum(static file => file.Status.SizeBytes) + bytes;
        foreach ((string name, FileStatus status) in files.Where(file => !kept.Contains(file.Name, StringComparer.Ordinal)))
        {
            if (total <= _settings.MaxBytes)
                break;
            RemoveSlot(name);
            total -= status.SizeBytes;
        }

        return true;
    }

    /// <summary>Notes in the times of the files in which order the slots were used.</summary>
    /// <param name="names">Names of slots, without an ending, the one that was used last first.</param>
    /// <param name="last">When that was.</param>
    public void SetOrderOfUse(IReadOnlyList<string> names, DateTimeOffset last)
    {
        for (int i = 0; i < names.Count; i++)
        {
            try
            {
                File.SetLastWriteTimeUtc(PathOf(DataOf(names[i])), last.UtcDateTime.AddMilliseconds(-i));
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
            {
                SlotLog.NotWritten(_logger, names[i], failure.Message);
            }
        }
    }

    /// <summary>Whether there is something of a model, which need not be in the catalogue any more.</summary>
    /// <param name="model">The canonical reference of the model.</param>
    public bool Knows(string model) => Names().Any(name => ModelOf(name) == model);

    /// <summary>Removes everything of some models.</summary>
    /// <param name="models">The references of the models; null: all.</param>
    /// <returns>How many contexts were removed.</returns>
    public int Purge(IReadOnlySet<string>? models)
    {
        int count = 0;
        foreach (string name in Names())
        {
            if (!Matches(ModelOf(name)))
                continue;
            if (name.EndsWith(TestEnding, StringComparison.Ordinal))
                Remove(name);
            if (!name.EndsWith(DescriptionEnding, StringComparison.Ordinal))
                continue;
            RemoveSlot(name[..^DescriptionEnding.Length]);
            count++;
        }

        if (models is null)
            RemoveAll(static _ => true);
        return count;

        bool Matches(string? model) => models is null || (model is not null && models.Contains(model));
    }

    /// <summary>Removes all files of a slot.</summary>
    /// <param name="name">Its name, without an ending.</param>
    public void RemoveSlot(string name)
    {
        Remove(name + DescriptionEnding);
        Remove(DataOf(name));
        Remove(PartOf(name));
    }

    // The model of a description or of a self-test; null: the file tells none.
    private string? ModelOf(string name) => name.EndsWith(DescriptionEnding, StringComparison.Ordinal) ? ReadDescription(name)?.Model
        : name.EndsWith(TestEnding, StringComparison.Ordinal) && Read(name) is { } body ? SelfTestResult.Parse(body)?.Model
        : null;

    /// <summary>
    /// Removes what no runner will use and no purge of a model would find: unfinished files, contexts without a description, which a crash leaves, and
    /// all but the newest self-tests without a context.
    /// </summary>
    private void RemoveRest()
    {
        IReadOnlyList<string> names = Names();
        var described = names.Where(name => name.EndsWith(DescriptionEnding, StringComparison.Ordinal) && ReadDescription(name) is not null)
            .Select(static name => name[..^DescriptionEnding.Length]).ToHashSet(StringComparer.Ordinal);
        var tested = described.Select(static name => name[..Math.Max(name.LastIndexOf('-'), 0)] + TestEnding).ToHashSet(StringComparer.Ordinal);
        var oldTests = names.Where(name => name.EndsWith(TestEnding, StringComparison.Ordinal) && !tested.Contains(name))
            .OrderByDescending(name => FileStatus.OfLink(PathOf(name)).Written).Skip(MaxTests).ToHashSet(StringComparer.Ordinal);
        RemoveAll(name => name.EndsWith(PartEnding, StringComparison.Ordinal) || oldTests.Contains(name)
            || (name.EndsWith(DataEnding, StringComparison.Ordinal) && !described.Contains(name[..^DataEnding.Length])));
    }

    private void RemoveAll(Func<string, bool> matches)
    {
        foreach (string name in Names().Where(matches))
            Remove(name);
    }

    // Only files of the daemon are touched.
    private IReadOnlyList<string> Names()
    {
        if (_settings.FolderPath is not { } path)
            return [];
        using PrivateFolder? folder = PrivateFolder.TryOpen(path, create: false);
        if (folder is null)
            return [];
        try
        {
            return [.. Directory.EnumerateFiles(folder.Path).Select(static file => Path.GetFileName(file))
                .Where(static name => Endings.Any(ending => name.EndsWith(ending, StringComparison.Ordinal)))];
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    private SavedSlot? ReadDescription(string name) => Read(name) is { } body ? SavedSlot.Parse(body) : null;

    private byte[]? Read(string name)
    {
        try
        {
            string path = PathOf(name);
            return FileStatus.OfLink(path) is { IsRegular: true, SizeBytes: <= MaxDescriptionBytes } ? File.ReadAllBytes(path) : null;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private bool TryWrite(string name, byte[] body)
    {
        try
        {
            DurableFile.ReplacePrivately(PathOf(name), body);
            return true;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            SlotLog.NotWritten(_logger, name, failure.Message);
            return false;
        }
    }

    /// <summary>Removes a file if it is there.</summary>
    public void Remove(string name)
    {
        try
        {
            File.Delete(PathOf(name));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            SlotLog.NotRemoved(_logger, name, failure.Message);
        }
    }
}
