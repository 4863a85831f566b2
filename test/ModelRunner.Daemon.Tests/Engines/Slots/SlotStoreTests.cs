using Microsoft.Extensions.Logging.Abstractions;
using ModelRunner.Configuration;
using ModelRunner.Daemon.Engines.Llama.Slots;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Engines.Slots;

/// <summary>The folder with saved contexts.</summary>
public sealed class SlotStoreTests : IDisposable
{
    private const UnixFileMode OnlyOwner = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly TemporaryFolder _folder = new();

    private string Contexts => _folder.PathOf("state/kv-cache");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_folder_and_its_files_belong_to_the_owner_only()
    {
        Directory.CreateDirectory(Contexts);
        File.SetUnixFileMode(Contexts, OnlyOwner | UnixFileMode.UserExecute | UnixFileMode.OtherRead);
        SlotStore store = Open();

        Assert.Equal(Contexts, store.Prepare());
        Save(store, "one", "a", 10);

        Assert.Equal(OnlyOwner | UnixFileMode.UserExecute, File.GetUnixFileMode(Contexts));
        Assert.Equal(2, Directory.GetFiles(Contexts).Length);
        Assert.All(Directory.GetFiles(Contexts), static file => Assert.Equal(OnlyOwner, File.GetUnixFileMode(file)));
    }

    [Fact]
    public void A_link_in_place_of_the_folder_is_not_followed()
    {
        string target = Directory.CreateDirectory(_folder.PathOf("target")).FullName;
        Directory.CreateDirectory(_folder.PathOf("state"));
        File.WriteAllText(Path.Join(target, "x-0.kv"), "keep");
        File.CreateSymbolicLink(Contexts, target);
        SlotStore store = Open();

        Assert.Null(store.Prepare());
        store.Purge(models: null);
        store.TryMakeRoom(long.MaxValue / 4, ["none"]);
        store.Configure(new KvCacheSettings { FolderPath = Contexts });

        Assert.Equal("keep", File.ReadAllText(Path.Join(target, "x-0.kv")));
    }

    [Fact]
    public void A_link_in_place_of_a_file_is_replaced_and_its_target_remains()
    {
        string target = _folder.Write("target", "keep");
        SlotStore store = Open();
        store.Prepare();
        File.CreateSymbolicLink(store.PathOf(SlotStore.PartOf("one-0")), target);

        Assert.True(store.TryCreate(SlotStore.PartOf("one-0")));

        Assert.Equal(("keep", ""), (File.ReadAllText(target), File.ReadAllText(store.PathOf(SlotStore.PartOf("one-0")))));
    }

    [Fact]
    public void The_oldest_contexts_are_removed_first_and_the_one_that_is_saved_stays()
    {
        SlotStore store = Open(maxBytes: 100);
        store.Prepare();
        foreach ((string identity, int age) in (IEnumerable<(string, int)>)[("old", 3), ("older", 4), ("new", 1), ("saved", 5)])
        {
            Save(store, identity, "a", 40);
            File.SetLastWriteTimeUtc(store.PathOf(SlotStore.DataOf(NameOf(identity))), DateTime.UtcNow.AddHours(-age));
        }

        Assert.False(store.TryMakeRoom(30, [NameOf("old"), NameOf("new"), NameOf("saved")]));
        Assert.Equal(8, Directory.GetFiles(Contexts).Length);
        Assert.True(store.TryMakeRoom(45, [NameOf("saved")]));

        Assert.Empty(store.Find("older"));
        Assert.Empty(store.Find("old"));
        Assert.Single(store.Find("new"));
        Assert.Single(store.Find("saved"));
        Assert.Equal(4, Directory.GetFiles(Contexts).Length);
    }

    [Fact]
    public void The_slot_that_was_used_last_is_the_newest()
    {
        SlotStore store = Open(maxBytes: 100);
        store.Prepare();
        foreach (string identity in (string[])["last", "before", "first"])
            Save(store, identity, "a", 30);

        store.SetOrderOfUse([NameOf("last"), NameOf("before"), NameOf("first")], DateTimeOffset.UtcNow);
        Assert.True(store.TryMakeRoom(60, [NameOf("other")]));

        Assert.Empty(store.Find("first"));
        Assert.Empty(store.Find("before"));
        Assert.Single(store.Find("last"));
    }

    [Fact]
    public void A_purge_removes_what_belongs_to_the_models_and_nothing_else()
    {
        SlotStore store = Open();
        store.Prepare();
        Save(store, "one", "a:latest", 10);
        Save(store, "two", "b:latest", 10);
        store.Keep(new SelfTestResult("one", "a:latest", Problem: null));
        store.Keep(new SelfTestResult("two", "b:latest", "it fails"));
        File.WriteAllText(store.PathOf("notes.txt"), "keep");

        Assert.Equal(1, store.Purge(new HashSet<string>(StringComparer.Ordinal) { "a:latest" }));
        Assert.Empty(store.Find("one"));
        Assert.Null(store.FindTest("one"));
        Assert.Equal(new SelfTestResult("two", "b:latest", "it fails"), store.FindTest("two"));
        Assert.Equal(new SavedSlot("two", "b:latest", 0, 7, 10, 99), Assert.Single(store.Find("two")));

        Assert.Equal(1, store.Purge(models: null));
        Assert.Equal("notes.txt", Path.GetFileName(Assert.Single(Directory.GetFiles(Contexts))));
    }

    [Fact]
    public void Contexts_are_removed_when_they_are_no_longer_saved()
    {
        SlotStore store = Open();
        store.Prepare();
        Save(store, "one", "a", 10);

        store.Configure(new KvCacheSettings { FolderPath = Contexts });

        Assert.Empty(Directory.GetFiles(Contexts));
        Assert.Null(store.Prepare());
    }

    [Fact]
    public void A_context_that_is_complete_after_that_is_not_kept()
    {
        SlotStore store = Open();
        store.Prepare();
        store.Configure(new KvCacheSettings { FolderPath = Contexts });
        File.WriteAllText(store.PathOf(SlotStore.PartOf("one-0")), "private");

        Assert.False(store.TryReplace("one-0", new SavedSlot("one", "a", 0, 7, 7, 99)));
        Assert.False(store.Keep(new SelfTestResult("one", "a", Problem: null)));

        Assert.Empty(Directory.GetFiles(Contexts));
    }

    [Fact]
    public void A_start_removes_what_a_crash_left_and_old_self_tests_without_a_context()
    {
        SlotStore store = Open();
        store.Prepare();
        Save(store, "one", "a", 10);
        store.Keep(new SelfTestResult("one", "a", Problem: null));
        File.SetLastWriteTimeUtc(Assert.Single(Directory.GetFiles(Contexts, "*.test")), DateTime.UtcNow.AddDays(-9));
        for (int i = 0; i < 70; i++)
            store.Keep(new SelfTestResult($"old {i}", "a", Problem: null));
        File.WriteAllText(store.PathOf("crashed-0.kv"), "private");
        File.WriteAllText(store.PathOf("broken-0.kv"), "private");
        File.WriteAllText(store.PathOf("broken-0.json"), "{");

        store = Open();

        Assert.Equal(NameOf("one") + ".kv", Path.GetFileName(Assert.Single(Directory.GetFiles(Contexts, "*.kv"))));
        Assert.NotNull(store.FindTest("one"));
        Assert.Equal(65, Directory.GetFiles(Contexts, "*.test").Length);
    }

    [Fact]
    public void A_model_is_known_as_long_as_a_context_or_a_self_test_names_it()
    {
        SlotStore store = Open();
        store.Prepare();
        Save(store, "one", "a:latest", 10);
        store.Keep(new SelfTestResult("two", "b:latest", "it fails"));

        Assert.True(store.Knows("a:latest") && store.Knows("b:latest"));
        Assert.False(store.Knows("c:latest"));
    }

    [Fact]
    public void A_context_of_an_identity_with_the_same_name_is_not_found()
    {
        SlotStore store = Open();
        store.Prepare();
        Save(store, "one", "a", 10);
        File.WriteAllText(store.PathOf(NameOf("one") + ".json"), "{\"identity\":\"other\",\"model\":\"a\",\"slot\":0,\"tokens\":1,\"bytes\":1,\"crc32c\":1}");
        Assert.Empty(store.Find("one"));
        File.WriteAllText(store.PathOf(NameOf("one") + ".json"), "{");
        Assert.Empty(store.Find("one"));
    }

    [Fact]
    public void A_self_test_that_never_ends_is_tried_three_times()
    {
        Assert.True(new SelfTestResult("one", "a", "late", Unfinished: 2).MustRun);
        Assert.False(new SelfTestResult("one", "a", "late", Unfinished: 3).MustRun);
        Assert.False(new SelfTestResult("one", "a", Problem: null).MustRun);
    }

    [Fact]
    public async Task The_checksum_is_crc32c_and_a_link_has_none()
    {
        string file = _folder.Write("check", "123456789");
        File.CreateSymbolicLink(_folder.PathOf("link"), file);

        Assert.Equal((9, 0xE3069283), await FileChecksum.ReadAsync(file, TestContext.Current.CancellationToken));
        Assert.Null(await FileChecksum.ReadAsync(_folder.PathOf("link"), TestContext.Current.CancellationToken));
        Assert.Null(await FileChecksum.ReadAsync(_folder.PathOf("missing"), TestContext.Current.CancellationToken));
    }

    private static string NameOf(string identity) => $"{SlotIdentity.NameOf(identity)}-0";

    private static void Save(SlotStore store, string identity, string model, int bytes)
    {
        Assert.True(store.TryCreate(SlotStore.PartOf(NameOf(identity))));
        File.WriteAllBytes(store.PathOf(SlotStore.PartOf(NameOf(identity))), new byte[bytes]);
        Assert.True(store.TryReplace(NameOf(identity), new SavedSlot(identity, model, 0, 7, bytes, 99)));
    }

    private SlotStore Open(long maxBytes = 1 << 20) =>
        new(new KvCacheSettings { Persist = true, FolderPath = Contexts, MaxBytes = maxBytes }, NullLogger.Instance);
}
