using System.Net.Sockets;
using ModelRunner.Daemon.Tests.Engines;
using ModelRunner.Linux.Processes;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Linux.Processes;

/// <summary>What happens to runners when somebody cleans up in the private folder while they live.</summary>
public sealed class RuntimeFolderTests : IDisposable
{
    private readonly LaunchBed _bed = new();

    public void Dispose() => _bed.Dispose();

    [Fact]
    public async Task The_empty_folder_is_made_again_and_runners_that_live_keep_their_sockets()
    {
        await LoadAsync();
        string folder = Path.GetDirectoryName(Assert.Single(_bed.Sockets))!;
        Directory.Delete(Path.Join(folder, "empty"));

        await LoadAsync();

        Assert.All(_bed.Sockets, socket => Assert.Equal(folder, Path.GetDirectoryName(socket)));
        Assert.True(Directory.Exists(Path.Join(folder, "empty")));
        await ConnectToAllAsync(2);
    }

    [Fact]
    public async Task A_folder_that_was_changed_is_not_used_again_and_runners_that_live_in_it_go_on()
    {
        await LoadAsync();
        string folder = Path.GetDirectoryName(Assert.Single(_bed.Sockets))!;
        File.SetUnixFileMode(folder, File.GetUnixFileMode(folder) | UnixFileMode.GroupRead);

        await LoadAsync();

        Assert.Equal(2, _bed.Sockets.Select(Path.GetDirectoryName).Distinct(StringComparer.Ordinal).Count());
        await ConnectToAllAsync(2);
    }

    [Fact]
    public async Task A_folder_that_is_gone_is_replaced_and_what_lies_at_its_path_stays()
    {
        await LoadAsync();
        string folder = Path.GetDirectoryName(Assert.Single(_bed.Sockets))!;
        Directory.Delete(folder, recursive: true);
        Directory.CreateDirectory(folder);
        string other = Path.Join(folder, "other");
        File.WriteAllText(other, "");

        await LoadAsync();

        await ConnectToAllAsync(1);
        Assert.True(File.Exists(other));
    }

    [Fact]
    public void Nothing_is_left_of_the_folders_at_the_end()
    {
        using var place = new TemporaryFolder();
        RuntimeFolder folder = RuntimeFolder.Create([place.Path]);
        Directory.Delete(folder.EmptyFolder);
        Assert.True(folder.TryRestore());

        folder.Dispose();

        Assert.Empty(Directory.EnumerateFileSystemEntries(place.Path));
    }

    private async Task LoadAsync() => Assert.Null(await _bed.Start().Ready.WaitAsync(LaunchBed.Limit));

    // A connection that is open already would work without the socket's file.
    private async Task ConnectToAllAsync(int count)
    {
        Assert.Equal(count, _bed.Sockets.Count());
        foreach (string path in _bed.Sockets)
        {
            using var client = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            await client.ConnectAsync(new UnixDomainSocketEndPoint(path));
        }
    }
}
