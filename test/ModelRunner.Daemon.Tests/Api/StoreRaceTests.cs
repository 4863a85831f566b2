using System.Net;
using Microsoft.Win32.SafeHandles;
using ModelRunner.Linux;
using ModelRunner.Linux.Files;
using ModelRunner.Store.Layout;
using ModelRunner.Store.Names;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Api;

/// <summary>Several clients and processes change the store at the same time. Each answer is right for the store as it was when the change was made.</summary>
public sealed class StoreRaceTests
{
    private const uint Opened = 0x20; // IN_OPEN
    private const int Clients = 6;
    private const int Rounds = 8;

    private static readonly string[] Names = ["me/a:v1", "me/a:v2", "me/b:v1"];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Another process has the lock, and gives the name to another model while the request waits.</summary>
    [Fact]
    public async Task A_request_that_waits_for_the_lock_means_the_model_that_has_the_name_afterwards()
    {
        using var place = new TemporaryFolder();
        string bundle = MakeUnneededBundle(place);
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup { Folder = place });
        await daemon.CommandAsync("package", "--gguf", Path.Join(Repository.Root, "models/tiny-chat.gguf"), "me/a:v1");
        await daemon.CommandAsync("package", "--gguf", Path.Join(Repository.Root, "models/tiny-embed.gguf"), "me/b:v1");
        StoreFolder folder = FolderOf(daemon);
        StoreIndex before = StoreIndexFile.Read(folder);
        (StoreEntry first, StoreEntry second) = (before.Entries[0], before.Entries[1]);

        // The cleanup at the start of the daemon takes the lock too. It removes the bundle, and has ended when the lock is free again. From then on, only
        // requests take the lock.
        await WaitForRemovalAsync(bundle).WaitAsync(DaemonFixture.Patience, Token);

        using (FileLock taken = await TakeLockAsync(folder))
        {
            Task<HttpStatusCode>? tagging = null;
            await WaitForLockAsync(folder, () => tagging = SendAsync(daemon, HttpMethod.Post, "models/me/a:v1/tag?repo=me/c&tag=v1"));
            StoreIndexFile.Write(folder, before.With(second.Id, second.Files, first.Tags[0]));
            taken.Dispose();
            Assert.Equal(HttpStatusCode.Created, await tagging!);
        }

        Assert.Equal(second.Id, StoreIndexFile.Read(folder).Find("docker.io/me/c:v1")?.Id);

        using (FileLock taken = await TakeLockAsync(folder))
        {
            Task<HttpStatusCode>? removing = null;
            await WaitForLockAsync(folder, () => removing = SendAsync(daemon, HttpMethod.Delete, "models/me/a:v1"));
            StoreIndexFile.Write(folder, StoreIndexFile.Read(folder).WithoutTag(first.Tags[0]));
            taken.Dispose();
            Assert.Equal(HttpStatusCode.NotFound, await removing!);
        }

        Assert.Equal(2, StoreIndexFile.Read(folder).Entries.Count);
    }

    /// <summary>A model is there or it is not: no answer is an error of the server or a conflict.</summary>
    [Fact]
    public async Task Concurrent_changes_give_only_success_or_404()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync();
        await daemon.CommandAsync("package", "--gguf", Path.Join(Repository.Root, "models/tiny-embed.gguf"), Names[0]);
        byte[] archive = await daemon.Client.GetByteArrayAsync(new Uri($"models/{Names[0]}/export", UriKind.Relative), Token);

        await Task.WhenAll(Enumerable.Range(0, Clients).Select(client => Task.Run(() => ActAsync(daemon, archive, new Random(client)))));

        StoreFolder folder = FolderOf(daemon);
        Assert.All(
            StoreIndexFile.Read(folder).Entries.SelectMany(static entry => entry.Files),
            file => Assert.True(File.Exists(folder.BlobOf(file)), $"{file} of a listed model is missing"));
    }

    private static async Task ActAsync(DaemonFixture daemon, byte[] archive, Random random)
    {
        for (int round = 0; round < Rounds; round++)
        {
            (string name, string other) = (Names[random.Next(Names.Length)], Names[random.Next(Names.Length)]);
            string[] target = other.Split(':');
            (HttpMethod method, string path, HttpContent? content) = random.Next(5) switch
            {
                0 => (HttpMethod.Delete, $"models/{name}", null),
                1 => (HttpMethod.Post, $"models/{name}/tag?repo={target[0]}&tag={target[1]}", (HttpContent?)null),
                2 => (HttpMethod.Post, $"models/{name}/repackage", new StringContent($$"""{"target":"{{other}}","context_size":{{random.Next(500, 508)}}}""")),
                3 => (HttpMethod.Get, $"models/{name}/export", null),
                _ => (HttpMethod.Post, $"models/load?name={name}", new ByteArrayContent(archive)),
            };
            using var request = new HttpRequestMessage(method, path) { Content = content };
            using HttpResponseMessage response = await daemon.Client.SendAsync(request, Token);
            string body = method == HttpMethod.Get ? "" : await response.Content.ReadAsStringAsync(Token);
            Assert.True(response.IsSuccessStatusCode || response.StatusCode == HttpStatusCode.NotFound, $"{method} {path}: {response.StatusCode} {body}");
        }
    }

    private static string MakeUnneededBundle(TemporaryFolder place)
    {
        var folder = StoreFolder.Below(place.PathOf("models"));
        Directory.CreateDirectory(folder.Root);
        StoreIndexFile.Write(folder, StoreIndex.Empty);
        return Directory.CreateDirectory(folder.BundleOf(ContentHash.Of([1]))).FullName;
    }

    private static async Task WaitForRemovalAsync(string folder)
    {
        while (Directory.Exists(folder))
            await Task.Delay(1, Token);
    }

    private static async Task<FileLock> TakeLockAsync(StoreFolder folder) =>
        await FileLock.TakeAsync(folder.LockFile, DaemonFixture.Patience, TimeProvider.System, Token)
        ?? throw new TimeoutException($"{folder.LockFile} is not free");

    // Returns when the daemon has found the model in the list and tried to take the lock. Nobody else may try that meanwhile.
    private static async Task WaitForLockAsync(StoreFolder folder, Action send)
    {
        using var notifier = new SafeFileHandle(Libc.CreateNotifier(Libc.OpenCloseOnExec), ownsHandle: true);
        Assert.True(Libc.AddWatch((int)notifier.DangerousGetHandle(), folder.LockFile, Opened) >= 0);
        using var events = new FileStream(notifier, FileAccess.Read, bufferSize: 0);
        var queued = new PollEntry { File = (int)notifier.DangerousGetHandle(), Events = Libc.PollIn };
        Assert.Equal(0, Poll(ref queued));
        send();
        await events.ReadAtLeastAsync(new byte[64], 1, cancellationToken: Token).AsTask().WaitAsync(DaemonFixture.Patience, Token);
    }

    private static unsafe int Poll(ref PollEntry entry)
    {
        fixed (PollEntry* first = &entry)
            return Libc.Poll(first, 1, timeoutMilliseconds: 0);
    }

    private static async Task<HttpStatusCode> SendAsync(DaemonFixture daemon, HttpMethod method, string path)
    {
        using var request = new HttpRequestMessage(method, path);
        using HttpResponseMessage response = await daemon.Client.SendAsync(request, Token);
        return response.StatusCode;
    }

    private static StoreFolder FolderOf(DaemonFixture daemon) => StoreFolder.Below(Path.Join(daemon.FolderPath, "models"));
}
