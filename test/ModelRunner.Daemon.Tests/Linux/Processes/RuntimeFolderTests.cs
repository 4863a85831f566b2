using System.Net.Sockets;
using ModelRunner.Daemon.Tests.Engines;
using ModelRunner.Linux.Processes;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Linux.Processes;

/// <summary>Runners whose private folder is changed while they run.</summary>
public sealed class RuntimeFolderTests : IDisposable
{
    private readonly LaunchBed _bed = new();

    public void Dispose() => _bed.Dispose();

    [Fact]
    public async Task A_removed_folder_is_created_again_and_running_runners_keep_their_sockets()
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
    public async Task A_changed_folder_is_not_used_again_and_its_runners_continue()
    {
        await LoadAsync();
        string folder = Path.GetDirectoryName(Assert.Single(_bed.Sockets))!;
        File.SetUnixFileMode(folder, File.GetUnixFileMode(folder) | UnixFileMode.GroupRead);

        await LoadAsync();

        Assert.Equal(2, _bed.Sockets.Select(Path.GetDirectoryName).Distinct(StringComparer.Ordinal).Count());
        await ConnectToAllAsync(2);
    }

    [Fact]
    public async Task A_missing_folder_is_replaced_and_a_file_at_its_path_stays()
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
    public void All_folders_are_removed_at_the_end()
    {
        using var place = new TemporaryFolder();
        RuntimeFolder folder = RuntimeFolder.Create([place.Path]);
        Directory.Delete(folder.EmptyFolder);
        Assert.True(folder.TryRestore());

        folder.Dispose();

        Assert.Empty(Directory.EnumerateFileSystemEntries(place.Path));
    }

    private async Task LoadAsync() => Assert.Null(await _bed.Start().Ready.WaitAsync(LaunchBed.Limit));

    // An open connection would work without the socket's file.
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
