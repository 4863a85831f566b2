using System.Net.Sockets;
using Microsoft.Win32.SafeHandles;
using ModelRunner.Linux.Files;
using ModelRunner.Linux.Sockets;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Linux.Files;

public sealed class FileStatusTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly string _file;

    public FileStatusTests()
    {
        _file = Path.Join(_folder.Path, "file");
        File.WriteAllText(_file, "12345");
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_file_is_the_same_by_path_by_link_by_name_and_by_descriptor()
    {
        string link = Path.Join(_folder.Path, "link");
        File.CreateSymbolicLink(link, _file);
        using FileStream stream = File.OpenRead(_file);
        using SafeFileHandle folder = UnixSystem.Refer(_folder.Path);
        FileStatus expected = FileStatus.Of(_file);

        Assert.True(FileStatus.Of(link).IsSameFileAs(expected));
        Assert.True(FileStatus.OfLink(_file).IsSameFileAs(expected));
        Assert.True(FileStatus.OfName((int)folder.DangerousGetHandle(), "file").IsSameFileAs(expected));
        Assert.True(FileStatus.Of(stream.SafeFileHandle).IsSameFileAs(expected));
        Assert.False(FileStatus.OfLink(link).IsSameFileAs(expected));
        Assert.Equal(FileKind.Other, FileStatus.OfLink(link).Kind);
    }

    [Fact]
    public void Size_time_mode_and_owner_equal_those_of_the_runtime()
    {
        var written = new DateTime(2024, 2, 29, 12, 34, 56, DateTimeKind.Utc);
        File.SetLastWriteTimeUtc(_file, written);
        File.SetUnixFileMode(_file, UnixFileMode.UserRead | UnixFileMode.UserWrite);

        FileStatus status = FileStatus.Of(_file);

        Assert.Equal((5, written), (status.SizeBytes, status.Written.UtcDateTime));
        Assert.Equal((UnixFileMode.UserRead | UnixFileMode.UserWrite, PrivateFolder.User), ((UnixFileMode)(status.Mode & 0xFFF), status.Owner));
        Assert.True(status is { IsRegular: true, IsSocket: false, IsPrivate: true });
    }

    [Theory]
    [InlineData(UnixFileMode.GroupWrite)]
    [InlineData(UnixFileMode.OtherWrite)]
    public void A_file_that_other_users_can_write_to_is_not_private(UnixFileMode mode)
    {
        File.SetUnixFileMode(_file, UnixFileMode.UserRead | mode);

        Assert.False(FileStatus.Of(_file).IsPrivate);
    }

    [Theory]
    [InlineData("missing")]
    [InlineData("file/below")]
    [InlineData("file\0")]
    public void A_missing_file_is_neither_private_nor_equal_to_another(string name)
    {
        FileStatus missing = FileStatus.Of(Path.Join(_folder.Path, name));

        Assert.Equal(FileKind.Missing, missing.Kind);
        Assert.False(missing.Exists || missing.IsPrivate || missing.IsSameFileAs(missing));
        Assert.Equal(FileKind.Missing, FileStatus.Of("").Kind);
    }

    [Fact]
    public void A_socket_and_a_folder_are_not_regular_files()
    {
        string path = Path.Join(_folder.Path, "socket");
        using Socket socket = UnixSystem.BindPrivately(path);

        Assert.True(FileStatus.OfLink(path) is { IsSocket: true, IsRegular: false, Kind: FileKind.Other });
        Assert.True(FileStatus.Of(_folder.Path) is { IsSocket: false, Kind: FileKind.Folder });
    }
}
