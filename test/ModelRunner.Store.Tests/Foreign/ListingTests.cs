using ModelRunner.Store.Foreign;
using ModelRunner.Testing;

namespace ModelRunner.Store.Tests.Foreign;

public sealed class ListingTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_cache_of_Hugging_Face_is_listed_from_the_snapshot_of_main()
    {
        const string Older = "1111111111111111111111111111111111111111";
        string link = _folder.AddToHuggingFace("Lab/Otter-GGUF", "Otter-7B-Q4_K_M.gguf", "new"u8.ToArray());
        _folder.AddToHuggingFace("Lab/Otter-GGUF", "UD/Otter-7B-Q8_0.gguf", "eight"u8.ToArray());
        _folder.AddToHuggingFace("Lab/Otter-GGUF", "mmproj-F16.gguf", "eyes"u8.ToArray());
        _folder.AddToHuggingFace("Lab/Otter-GGUF", "README.md", "text"u8.ToArray());
        _folder.AddToHuggingFace("Lab/Otter-GGUF", "Otter-7B-Q2_K.gguf", "old"u8.ToArray(), Older);
        _folder.SetMain("Lab/Otter-GGUF", ForeignStores.Commit);

        ForeignListing found = HuggingFace();

        Assert.Equal(["huggingface.co/Lab/Otter-GGUF:Q4_K_M", "huggingface.co/Lab/Otter-GGUF:Q8_0"], found.Models.Select(static model => model.Name));
        Assert.Equal([link], found.Models[0].Shards);
        Assert.Equal("sha256:" + ForeignStores.HexOf("new"u8.ToArray()), Assert.Single(found.Models[0].Digests).ToString());
        Assert.Equal("mmproj-F16.gguf", Path.GetFileName(Assert.Single(found.Models[0].Projectors)));
        Assert.Empty(found.Problems);
    }

    [Fact]
    public void Without_main_the_newest_snapshot_with_a_model_is_listed()
    {
        const string Newest = "2222222222222222222222222222222222222222";
        _folder.AddToHuggingFace("gpt2", "a-F16.gguf", "a"u8.ToArray(), "1111111111111111111111111111111111111111");
        _folder.AddToHuggingFace("gpt2", "b-F16.gguf", "b"u8.ToArray());
        _folder.AddToHuggingFace("gpt2", "config.json", "{}"u8.ToArray(), Newest);
        string snapshots = _folder.PathOf("hub/models--gpt2/snapshots");
        Directory.SetLastWriteTimeUtc(Path.Join(snapshots, "1111111111111111111111111111111111111111"), new DateTime(2020, 1, 1, 0, 0, 0, DateTimeKind.Utc));

        ForeignModel model = Assert.Single(HuggingFace().Models);

        Assert.Equal(("huggingface.co/gpt2:F16", "b-F16.gguf"), (model.Name, Path.GetFileName(model.Shards[0])));
    }

    [Fact]
    public void Parts_are_one_model_and_a_dangling_link_is_left_out()
    {
        for (int part = 1; part <= 3; part++)
            _folder.AddToHuggingFace("lab/big", $"Big-Q4_0-0000{part}-of-00003.gguf", [(byte)part]);
        File.CreateSymbolicLink(_folder.PathOf($"hub/models--lab--big/snapshots/{ForeignStores.Commit}/Big-Q8_0.gguf"), "../../blobs/nothing");

        ForeignModel model = Assert.Single(HuggingFace().Models);

        Assert.Equal(("huggingface.co/lab/big:Q4_0", 3, 3), (model.Name, model.Shards.Count, model.ShardCount));
    }

    [Fact]
    public void Loops_pipes_and_odd_names_in_the_cache_do_not_stop_the_scan()
    {
        _folder.AddToHuggingFace("lab/otter", "otter-Q4_0.gguf", "x"u8.ToArray());
        string snapshot = _folder.PathOf($"hub/models--lab--otter/snapshots/{ForeignStores.Commit}");
        Directory.CreateSymbolicLink(Path.Join(snapshot, "loop"), "..");
        Directory.CreateSymbolicLink(_folder.PathOf("hub/models--lab--again"), "models--lab--otter");
        File.CreateSymbolicLink(Path.Join(snapshot, "self.gguf"), "self.gguf");
        _folder.MakePipe($"hub/models--lab--otter/snapshots/{ForeignStores.Commit}/pipe.gguf");
        _folder.MakePipe("hub/models--lab--pipe");
        Directory.CreateDirectory(_folder.PathOf("hub/models--..--x/snapshots"));

        // Both names lead to the same folder, and it is listed once.
        Assert.Equal("huggingface.co/lab/again:Q4_0", Assert.Single(HuggingFace().Models).Name);
    }

    [Fact]
    public void Two_files_of_one_quantization_get_different_tags()
    {
        _folder.AddToHuggingFace("lab/two", "a/otter-Q4_0.gguf", "1"u8.ToArray());
        _folder.AddToHuggingFace("lab/two", "b/otter-Q4_0.gguf", "2"u8.ToArray());
        _folder.AddToHuggingFace("lab/two", "c/otter-Q4_0.gguf", "3"u8.ToArray());
        _folder.AddToHuggingFace("lab/two", "imatrix.gguf", "4"u8.ToArray());

        Assert.Equal(
            ["huggingface.co/lab/two:a-otter-Q4_0", "huggingface.co/lab/two:b-otter-Q4_0", "huggingface.co/lab/two:c-otter-Q4_0"],
            HuggingFace().Models.Select(static model => model.Name));
    }

    [Theory]
    [InlineData("b-otter-Q4_K_M.gguf", "a-otter-Q4_K_M.gguf", "b-otter-Q4_K_M")]
    [InlineData("b/otter-Q4_K_M.gguf", "a/otter-q4_k_m.gguf", "b-otter-Q4_K_M")]
    [InlineData("otter.gguf", "finch.gguf", "otter")]
    [InlineData("otter-Q8_0-00001-of-00001.gguf", "otter-Q8_0.gguf", null)]
    public void A_tag_never_means_another_file_because_one_is_added(string file, string added, string? tag)
    {
        string first = _folder.AddToHuggingFace("lab/otter", file, "first"u8.ToArray());
        _folder.Write($"usual/lab/otter/{file}", "first");
        (string Hub, string Studio) before = (Assert.Single(HuggingFace().Models).Name, Assert.Single(Studio()).Name);

        _folder.AddToHuggingFace("lab/otter", added, "second"u8.ToArray());
        _folder.Write($"usual/lab/otter/{added}", "second");

        Assert.Equal(2, HuggingFace().Models.Count);
        Assert.DoesNotContain(before.Hub, HuggingFace().Models.Select(static model => model.Name));
        Assert.DoesNotContain(before.Studio, Studio().Select(static model => model.Name));
        if (tag is not null)
        {
            Assert.Equal([first], HuggingFace().Models.Single(model => model.Name == $"huggingface.co/lab/otter:{tag}").Shards);
            Assert.Equal([_folder.PathOf($"usual/lab/otter/{file}")], Studio().Single(model => model.Name == $"lmstudio/lab/otter:{tag}").Shards);
        }
    }

    [Fact]
    public void LM_Studio_is_listed_by_publisher_and_repository_also_where_the_user_moved_it()
    {
        _folder.Write("moved/models/lab/Otter GGUF/Otter-Q4_0.gguf", "1");
        _folder.Write("moved/models/lab/Otter GGUF/Otter-Q8_0.gguf", "2");
        _folder.Write("moved/models/lab/Otter GGUF/mmproj-Otter-F16.gguf", "3");
        _folder.Write("moved/models/ignored.gguf", "4");
        _folder.Write("usual/zoo/finch/finch.gguf", "5");
        string pointer = _folder.Write("pointer", _folder.PathOf("moved") + "\n");

        ForeignListing found = LmStudioFolder.List([_folder.PathOf("usual"), _folder.PathOf("none")], pointer, Scan());

        Assert.Equal(
            ["lmstudio/lab/Otter GGUF:Q4_0", "lmstudio/lab/Otter GGUF:Q8_0", "lmstudio/zoo/finch:latest"], found.Models.Select(static model => model.Name));
        Assert.All(found.Models.Take(2), static model => Assert.Equal("mmproj-Otter-F16.gguf", Path.GetFileName(Assert.Single(model.Projectors))));
    }

    [Fact]
    public void The_old_cache_of_llama_cpp_is_named_by_its_manifests_or_its_files()
    {
        _folder.Write("old/lab_Otter_GGUF_sub_Otter-Q4_K_M.gguf", "1");
        _folder.Write("old/lab_Otter_GGUF_mmproj-F16.gguf", "2");
        _folder.Write(
            "old/manifest=lab=Otter_GGUF=latest.json",
            """{"ggufFile":{"rfilename":"sub/Otter-Q4_K_M.gguf","size":1},"mmprojFile":{"rfilename":"mmproj-F16.gguf"}}""");
        _folder.Write("old/manifest=lab=Broken=latest.json", """{"ggufFile":{"rfilename":""");
        _folder.Write("old/zoo_finch.gguf", "3");
        _folder.Write("old/zoo_finch.gguf.etag", "e");
        _folder.Write("old/zoo_wren.gguf.downloadInProgress", "4");
        _folder.Write("old/zoo_big-00001-of-00002.gguf", "5");
        _folder.Write("old/zoo_big-00002-of-00002.gguf", "6");

        ForeignListing found = LlamaCppCache.List([_folder.PathOf("old")], Scan());

        Assert.Equal(["llama.cpp/lab/Otter_GGUF:latest", "llama.cpp/zoo_big:latest", "llama.cpp/zoo_finch:latest"], found.Models.Select(static model => model.Name));
        Assert.Equal("lab_Otter_GGUF_mmproj-F16.gguf", Path.GetFileName(Assert.Single(found.Models[0].Projectors)));
        Assert.Equal(2, found.Models[1].Shards.Count);
    }

    [Theory]
    [InlineData(3, 100, "has more than 3 files and folders; the rest is left out")]
    [InlineData(1000, 2, "has more than 2 models; the rest is left out")]
    public void A_scan_ends_at_its_limits(int entries, int models, string problem)
    {
        for (int file = 0; file < 9; file++)
            _folder.Write($"old/m{file}.gguf", "x");

        ForeignListing found = LlamaCppCache.List(
            [_folder.PathOf("old")], new ForeignScan(TimeProvider.System, new ScanLimits { Entries = entries, Models = models }));

        Assert.Equal([problem], found.Problems);
        Assert.InRange(found.Models.Count, 1, 3);
    }

    [Fact]
    public void A_missing_store_is_silent_and_nothing_is_changed()
    {
        Assert.Equal((0, 0, false), (HuggingFace().Models.Count, HuggingFace().Problems.Count, HuggingFace().IsPresent));
        _folder.AddToHuggingFace("lab/otter", "otter-Q4_0.gguf", "x"u8.ToArray());
        string[] before = Everything();

        Assert.True(HuggingFace().IsPresent);

        Assert.Equal(before, Everything());
    }

    private string[] Everything() =>
        [.. Directory.EnumerateFileSystemEntries(_folder.Path, "*", SearchOption.AllDirectories)
            .Select(static path => $"{path} {File.GetLastWriteTimeUtc(path):O}").Order(StringComparer.Ordinal)];

    private IReadOnlyList<ForeignModel> Studio() => LmStudioFolder.List([_folder.PathOf("usual")], null, Scan()).Models;

    private ForeignListing HuggingFace() => HuggingFaceCache.List([_folder.PathOf("hub")], Scan());

    private static ForeignScan Scan() => new(TimeProvider.System, new ScanLimits());
}
