using System.Runtime.InteropServices;
using Microsoft.Extensions.Time.Testing;
using ModelRunner.Configuration;
using ModelRunner.Daemon.Models;
using ModelRunner.Daemon.Tests.Gguf;
using ModelRunner.Daemon.Tests.Linux.Files;
using ModelRunner.Gguf;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Models;

/// <summary>Unusual content of a models folder: links, pipes, names that are not UTF-8, files with impossible sizes.</summary>
public sealed partial class StoreFilesTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly byte[] Good = GgufBuilder.Llama().Build();
    private readonly TemporaryFolder _store = new();
    private readonly TemporaryFolder _elsewhere = new();
    private readonly FakeTimeProvider _time = new();

    public void Dispose()
    {
        _store.Dispose();
        _elsewhere.Dispose();
    }

    [Fact]
    public async Task A_pipe_with_the_name_of_a_model_does_not_block_the_list()
    {
        _store.Write("good.gguf", Good);
        _store.MakePipe("pipe.gguf");
        ModelCatalog catalog = Catalog();

        IReadOnlyList<ModelEntry> models = await Task.Run(catalog.List).WaitAsync(Patience);

        Assert.Equal(["good:latest"], models.Select(static model => model.Reference));
        Assert.Equal("model \"pipe:latest\" cannot be used: its file pipe.gguf is not a regular file", Assert.Single(catalog.ListProblems()));
    }

    [Fact]
    public void A_device_is_not_opened()
    {
        File.CreateSymbolicLink(Path.Join(_store.Path, "zero.gguf"), "/dev/zero");

        Assert.EndsWith("zero.gguf is not a regular file", Assert.Single(Catalog().ListProblems()), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, false)]
    [InlineData(1, true)]
    public void Models_are_omitted_only_above_the_limit(int surplus, bool isCut)
    {
        for (int i = 0; i < StoreScanner.MaxFiles + surplus; i++)
            _store.Write($"m-{i + 1:d5}-of-99999.gguf", []);

        StoreListing listing = StoreScanner.Scan(_store.Path);

        Assert.Equal(isCut, listing.Problems.Any(static problem => problem.Contains("more than 10000 models", StringComparison.Ordinal)));
    }

    [Fact]
    public void A_folder_that_is_too_deep_is_named_and_a_circle_of_links_is_not()
    {
        _store.Write("1/2/3/4/5/6/7/8/near.gguf", Good);
        File.CreateSymbolicLink(Path.Join(_store.Path, "1/2/3/4/5/6/7/8/back"), _store.Path);
        Assert.Empty(StoreScanner.Scan(_store.Path).Problems);

        _store.Write("1/2/3/4/5/6/7/8/9/far.gguf", Good);
        StoreListing listing = StoreScanner.Scan(_store.Path);

        Assert.Equal("1/2/3/4/5/6/7/8/near.gguf", Assert.Single(listing.Models).ShownName);
        Assert.Equal(
            "the folder 1/2/3/4/5/6/7/8/9 is more than 8 folders below the models folder; models there are left out", Assert.Single(listing.Problems));
    }

    [Fact]
    public void A_link_has_the_size_of_its_target()
    {
        string target = _elsewhere.Write("blobs/0123abcd", Good);
        File.CreateSymbolicLink(Path.Join(_store.Path, "linked.gguf"), target);
        Directory.CreateSymbolicLink(Path.Join(_store.Path, "more"), _elsewhere.Path);
        _elsewhere.Write("inner.gguf", Good);

        IReadOnlyList<ModelEntry> models = Catalog().List();

        Assert.Equal(["linked:latest", "more/inner:latest"], models.Select(static model => model.Reference));
        Assert.All(models, static model => Assert.Equal(Good.Length, model.SizeBytes));
        Assert.True(models[0].MemoryBytes(models[0].Modes[0]) > Good.Length);
        Assert.Equal(File.GetLastWriteTimeUtc(target), models[0].Created.UtcDateTime);
    }

    [Fact]
    public void A_change_of_the_target_of_a_link_is_detected()
    {
        string target = _elsewhere.Write("blob", Good);
        File.CreateSymbolicLink(Path.Join(_store.Path, "linked.gguf"), target);
        ModelCatalog catalog = Catalog();
        Assert.Single(catalog.List());

        File.WriteAllBytes(target, Good[..^8]);
        _time.Advance(TimeSpan.FromMinutes(5));

        Assert.Empty(catalog.List());
    }

    [Fact]
    public void Broken_and_circular_links_are_reported_and_do_not_affect_other_models()
    {
        _store.Write("a/good.gguf", Good);
        File.CreateSymbolicLink(Path.Join(_store.Path, "gone.gguf"), "/nowhere/gone.gguf");
        File.CreateSymbolicLink(Path.Join(_store.Path, "self.gguf"), "self.gguf");
        Directory.CreateSymbolicLink(Path.Join(_store.Path, "a", "up"), "..");
        Directory.CreateSymbolicLink(Path.Join(_store.Path, "self"), "self");
        ModelCatalog catalog = Catalog();

        Assert.Equal(["a/good:latest"], catalog.List().Select(static model => model.Reference));
        Assert.Equal(2, catalog.ListProblems().Count);
        Assert.Contains("gone.gguf is a link to a file that does not exist", catalog.ListProblems()[0], StringComparison.Ordinal);
    }

    [Fact]
    public void A_store_behind_a_link_is_scanned_once()
    {
        _elsewhere.Write("real/x.gguf", Good);
        Directory.CreateSymbolicLink(Path.Join(_elsewhere.Path, "real", "loop"), Path.Join(_elsewhere.Path, "real"));
        string link = Path.Join(_store.Path, "link");
        Directory.CreateSymbolicLink(link, Path.Join(_elsewhere.Path, "real"));

        Assert.Equal(["x:latest"], new ModelCatalog(Settings() with { ModelsPath = link }, _time).List().Select(static model => model.Reference));
    }

    [Theory]
    [InlineData(8u, 1ul << 36, "is damaged: a list of 68719476736 texts")]
    [InlineData(9u, 1ul << 36, "is damaged: a list of 68719476736 texts")]
    [InlineData(8u, 4ul << 20, "")]
    [InlineData(4u, 1ul << 36, "has a header of more than 64 MiB, more than a model needs")]
    public void A_sparse_file_of_a_terabyte_is_read_quickly(uint type, ulong items, string problem)
    {
        // The items of the list are zeros, so the file is sparse.
        byte[] head = new GgufBuilder().Text("general.architecture", "llama").Texts("tokenizer.ggml.tokens").Build();
        int list = head.AsSpan().IndexOf("tokenizer.ggml.tokens"u8) + "tokenizer.ggml.tokens".Length + sizeof(uint);
        using (FileStream file = File.Create(Path.Join(_store.Path, "sparse.gguf")))
        {
            file.Write(head.AsSpan(0, list));
            file.Write(BitConverter.GetBytes(type));
            file.Write(BitConverter.GetBytes(items));
            file.SetLength(1L << 40);
        }

        TimeSpan used = ThreadClock.Measure(() => GgufHeaderReader.Read(Path.Join(_store.Path, "sparse.gguf")));
        IReadOnlyList<string> problems = Catalog().ListProblems();

        Assert.EndsWith(problem, problems.Count == 0 ? "" : Assert.Single(problems), StringComparison.Ordinal);
        Assert.True(used < TimeSpan.FromSeconds(5), $"It took {used} of the processor.");
    }

    [Fact]
    public void A_file_name_that_is_not_UTF_8_is_reported_and_the_others_are_listed()
    {
        _store.Write("good.gguf", Good);
        byte[] path = [.. System.Text.Encoding.UTF8.GetBytes(Path.Join(_store.Path, "caf")), 0xe9, .. ".gguf\0"u8];
        int file = Create(path, 0b110_100_100);
        Assert.True(file >= 0);
        try
        {
            Assert.Equal(0, Close(file));
            ModelCatalog catalog = Catalog();

            Assert.Equal(["good:latest"], catalog.List().Select(static model => model.Reference));
            Assert.Equal("the name of the file caf\ufffd.gguf is not UTF-8; rename it to use it", Assert.Single(catalog.ListProblems()));
        }
        finally
        {
            // .NET cannot represent this name.
            _ = Remove(path);
        }
    }

    [Fact]
    public void A_folder_name_that_is_not_UTF_8_is_reported()
    {
        byte[] path = [.. System.Text.Encoding.UTF8.GetBytes(Path.Join(_store.Path, "caf")), 0xe9, 0];
        Assert.Equal(0, MakeFolder(path, 0b111_000_000));
        try
        {
            Assert.Equal("the name of the folder caf\ufffd is not UTF-8; rename it to use its models", StoreScanner.Scan(_store.Path).Problems[0]);
        }
        finally
        {
            _ = RemoveFolder(path);
        }
    }

    [Theory]
    [InlineData("a,b.gguf", "a,b:latest")]
    [InlineData("a b.gguf", "a b:latest")]
    [InlineData(" a .gguf", "a:latest")]
    [InlineData("a\"b'c.gguf", "a\"b'c:latest")]
    [InlineData("-dash=1.gguf", "-dash=1:latest")]
    [InlineData("größe.gguf", "größe:latest")]
    [InlineData("\U0001F600.gguf", "\U0001F600:latest")]
    public void Unusual_names_are_valid(string file, string reference)
    {
        _store.Write(file, Good);

        ModelCatalog catalog = Catalog();

        Assert.Equal(reference, Assert.Single(catalog.List()).Reference);
        Assert.Equal(reference, catalog.Find(reference).Model?.Reference);
    }

    [Theory]
    [InlineData("a\nb.gguf", "a\\nb.gguf")]
    [InlineData("tab\t.gguf", "tab\\t.gguf")]
    [InlineData("\rstart.gguf", "\\rstart.gguf")]
    [InlineData("end\n.gguf", "end\\n.gguf")]
    public void A_name_with_a_control_character_is_refused_and_shown_on_one_line(string name, string shown)
    {
        _store.Write(name, Good);

        ModelCatalog catalog = Catalog();

        Assert.Equal($"the name of the file {shown} holds control characters; rename it to use it", Assert.Single(catalog.ListProblems()));
        Assert.Empty(catalog.List());
    }

    [Fact]
    public void A_backslash_in_the_name_of_a_file_is_an_ordinary_character()
    {
        _store.Write("q/z.gguf", Good);
        _store.Write("q\\z.gguf", Good);

        ModelCatalog catalog = Catalog();

        Assert.Equal(["q/z:latest", "q\\z:latest"], catalog.List().Select(static model => model.Reference).Order(StringComparer.Ordinal));
        Assert.Empty(catalog.ListProblems());
    }

    [Fact]
    public void An_unreadable_folder_is_reported_and_the_others_are_listed()
    {
        _store.Write("good.gguf", Good);
        string closed = Path.GetDirectoryName(_store.Write("closed/hidden.gguf", Good))!;
        File.SetUnixFileMode(_store.Path, (UnixFileMode)0b111_101_101);
        File.SetUnixFileMode(closed, UnixFileMode.None);
        try
        {
            StoreListing listing = OtherUser.Run(() => StoreScanner.Scan(_store.Path));

            Assert.Equal("good.gguf", Assert.Single(listing.Models).ShownName);
            Assert.Equal("the folder closed of the models folder may not be read by this user; its models are left out", Assert.Single(listing.Problems));
        }
        finally
        {
            File.SetUnixFileMode(closed, (UnixFileMode)0b111_000_000);
        }
    }

    [Fact]
    public void A_few_unreadable_folders_are_named_and_the_others_are_counted()
    {
        File.SetUnixFileMode(_store.Path, (UnixFileMode)0b111_101_101);
        for (int i = 0; i < 20; i++)
            Directory.CreateDirectory(Path.Join(_store.Path, $"closed{i}"), UnixFileMode.None);

        IReadOnlyList<string> problems = OtherUser.Run(() => StoreScanner.Scan(_store.Path)).Problems;

        Assert.Equal(4, problems.Count);
        Assert.Equal("17 more folders of the models folder may not be read by this user; their models are left out", problems[0]);
    }

    [Fact]
    public void A_link_to_a_large_folder_does_not_hide_the_models_of_the_store()
    {
        const int Limit = 50;
        for (int i = 0; i < Limit; i++)
            _elsewhere.Write($"large/f{i}", []);
        Directory.CreateSymbolicLink(Path.Join(_store.Path, "a"), Path.Join(_elsewhere.Path, "large"));
        _store.Write("z/deep/er/mine.gguf", Good);
        Directory.CreateSymbolicLink(Path.Join(_store.Path, "zz"), Path.Join(_elsewhere.Path, "large"));

        StoreListing listing = StoreScanner.Scan(_store.Path, maxEntries: Limit);

        Assert.Equal("z/deep/er/mine.gguf", Assert.Single(listing.Models).ShownName);
        Assert.Equal(
            "the models folder has more than 50 files and folders; the scan ended there and models after them are left out", Assert.Single(listing.Problems));
    }

    [Fact]
    public void A_scan_does_not_enter_file_systems_of_the_kernel()
    {
        _elsewhere.Write("inner.gguf", Good);
        int folder = Open(Path.Join(_elsewhere.Path, "."), 0);
        Assert.True(folder >= 0);
        try
        {
            // One of its entries links to the folder that is open here.
            Directory.CreateSymbolicLink(Path.Join(_store.Path, "kernel"), "/proc/self/fd");
            Directory.CreateSymbolicLink(Path.Join(_store.Path, "devices"), "/dev");
            Assert.True(File.Exists(Path.Join(_store.Path, "kernel", $"{folder}", "inner.gguf")));

            Assert.Empty(StoreScanner.Scan(_store.Path).Models);
        }
        finally
        {
            _ = Close(folder);
        }
    }

    [Fact]
    public void A_missing_store_is_reported_if_the_user_named_it()
    {
        DaemonSettings settings = Settings() with { ModelsPath = Path.Join(_store.Path, "nothing") };

        Assert.Equal(
            "the models folder does not exist; create it, or name another folder in MODELS_PATH",
            Assert.Single(new ModelCatalog(settings, _time).ListProblems()));
        Assert.StartsWith(
            "there are no models: ", Assert.Single(new ModelCatalog(settings with { IsDefaultModelsPath = true }, _time).ListProblems()), StringComparison.Ordinal);
    }

    [Fact]
    public void A_thousand_incomplete_shards_are_read_as_fast_as_other_files()
    {
        for (int i = 1; i <= 1000; i++)
        {
            _store.Write($"x{i}-00001-of-01000.gguf", "");
            _elsewhere.Write($"x{i}-whole.gguf", "");
        }

        // The first scan includes just-in-time compilation.
        StoreListing listing = StoreScanner.Scan(_store.Path);
        // The fastest of several scans has no garbage collection in it.
        TimeSpan shards = FastestScan(_store.Path);
        TimeSpan others = FastestScan(_elsewhere.Path);

        // A look for each of the missing shards would take 500 times as long.
        Assert.Equal((1000, 999), (listing.Models.Count, listing.Models[0].MissingShards));
        Assert.True(shards < 5 * others, $"It took {shards} for incomplete shards, and {others} for other files.");
    }

    private static TimeSpan FastestScan(string folder) =>
        Enumerable.Range(0, 5).Min(_ => ThreadClock.Measure(() => StoreScanner.Scan(folder)));

    private ModelCatalog Catalog() => new(Settings(), _time);

    private DaemonSettings Settings() => new() { Listen = new ListenSettings("/tmp/x.sock", null), ModelsPath = _store.Path };

    [LibraryImport("libc", EntryPoint = "creat")]
    private static partial int Create(byte[] path, uint mode);

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "mkdir")]
    private static partial int MakeFolder(byte[] path, uint mode);

    [LibraryImport("libc", EntryPoint = "rmdir")]
    private static partial int RemoveFolder(byte[] path);

    [LibraryImport("libc", EntryPoint = "unlink")]
    private static partial int Remove(byte[] path);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int file);
}
