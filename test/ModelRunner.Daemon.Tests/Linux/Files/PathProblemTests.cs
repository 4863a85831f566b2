using System.Net.Sockets;
using ModelRunner.Configuration;
using ModelRunner.Linux.Files;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Linux.Files;

public sealed class PathProblemTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("nothing", "does not exist", "does not exist")]
    [InlineData("nothing\0file", "does not exist", "does not exist")]
    [InlineData("link", "is a link to a file that does not exist", "is a link to a folder that does not exist")]
    [InlineData("socket", "is not a regular file", "is not a folder")]
    [InlineData("file", "cannot be read", "is not a folder")]
    [InlineData(".", "is a folder", "may not be read by this user")]
    public void A_path_without_a_file_or_a_folder_is_explained(string name, string ofFile, string ofFolder)
    {
        _folder.Write("file", "content");
        File.CreateSymbolicLink(_folder.PathOf("link"), _folder.PathOf("gone"));
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(_folder.PathOf("socket")));
        string path = $"{_folder.Path}/{name}";

        Assert.Equal((ofFile, ofFolder), (PathProblem.OfFile(path), PathProblem.OfFolder(path)));
    }

    [Fact]
    public void A_file_that_this_user_may_not_open_is_told_from_one_that_cannot_be_read()
    {
        string path = _folder.PathOf("closed");
        _folder.Write("closed", "content");
        File.SetUnixFileMode(_folder.Path, (UnixFileMode)0b111_101_101);
        File.SetUnixFileMode(path, UnixFileMode.None);

        Assert.Equal("may not be read by this user", OtherUser.Run(() => PathProblem.OfFile(path)));
        Assert.Equal("may not be read by this user", OtherUser.Run(() =>
        {
            NamedFile.TryRead(path, 10, out string problem);
            return problem;
        }));
    }
}
