using System.Net.Sockets;
using System.Text;
using ModelRunner.ScrapeBenchmark.Http;
using ModelRunner.ScrapeBenchmark.Pages;
using ModelRunner.ScrapeBenchmark.Runners;
using ModelRunner.Testing;

namespace ModelRunner.ScrapeBenchmark.Tests.Runners;

public sealed class FakeRunnersTests
{
    private static readonly byte[] Request = Encoding.ASCII.GetBytes("GET /metrics HTTP/1.1\r\nHost: runner\r\n\r\n");

    [Fact]
    public void Every_runner_answers_every_request_with_its_page()
    {
        using var folder = new TemporaryFolder();
        using var runners = new FakeRunners(folder.Path, new Workload(3, SamplePage.Llama));

        foreach (string path in FakeRunners.SocketPaths(folder.Path, 3))
        {
            using NetworkStream connection = Connect(path);
            for (int request = 0; request < 3; request++)
            {
                connection.Write(Request);
                Assert.Equal(SamplePage.Llama.Bytes, Read(connection));
            }
        }
    }

    [Fact]
    public void Pages_that_are_longer_than_what_a_socket_holds_come_whole_on_all_connections_at_once()
    {
        using var folder = new TemporaryFolder();
        using var runners = new FakeRunners(folder.Path, new Workload(1, SamplePage.Huge));
        string path = FakeRunners.SocketPaths(folder.Path, 1).Single();
        using NetworkStream first = Connect(path);
        using NetworkStream second = Connect(path);

        first.Write(Request);
        second.Write(Request);

        Assert.True(SamplePage.Huge.Bytes.AsSpan().SequenceEqual(Read(second)));
        Assert.True(SamplePage.Huge.Bytes.AsSpan().SequenceEqual(Read(first)));
    }

    [Fact]
    public void A_request_may_come_byte_by_byte_and_a_client_may_leave()
    {
        using var folder = new TemporaryFolder();
        using var runners = new FakeRunners(folder.Path, new Workload(1, SamplePage.Huge));
        string path = FakeRunners.SocketPaths(folder.Path, 1).Single();
        using (NetworkStream leaving = Connect(path))
            leaving.Write(Request);
        using NetworkStream connection = Connect(path);

        foreach (byte value in Request)
            connection.WriteByte(value);

        Assert.Equal(SamplePage.Huge.Bytes.Length, Read(connection).Length);
    }

    private static NetworkStream Connect(string path)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified) { ReceiveTimeout = 30_000 };
        socket.Connect(new UnixDomainSocketEndPoint(path));
        return new NetworkStream(socket, ownsSocket: true);
    }

    private static byte[] Read(NetworkStream connection)
    {
        var body = new MemoryStream();
        Assert.Equal(200, new HttpResponseReader().Read(connection, body.Write));
        return body.ToArray();
    }
}
