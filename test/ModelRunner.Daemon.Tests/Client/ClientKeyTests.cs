using System.Globalization;
using System.Net;
using System.Net.Sockets;
using ModelRunner.Client;
using ModelRunner.Configuration;
using ModelRunner.Daemon.Tests.Cli;
using ModelRunner.Linux.Files;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Client;

public sealed class ClientKeyTests
{
    private const string Header =
        "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode";

    [Theory]
    [InlineData("Environment", "Environment", false, true)]
    [InlineData("File", "File", false, true)]
    [InlineData("Flag", "Flag", false, true)]
    [InlineData("Environment", "File", false, false)]
    [InlineData("Environment", "Flag", false, false)]
    [InlineData("Environment", "Registry", false, false)]
    [InlineData("Environment", "WorkingDirectory", false, false)]
    [InlineData("File", "Environment", false, false)]
    [InlineData("Environment", "File", true, true)]
    [InlineData("Environment", "Flag", true, true)]
    public void A_key_goes_to_an_address_of_its_own_source_or_to_this_users_program(string key, string address, bool isOwn, bool mayGo)
    {
        var written = new ClientKey("s3cret", Enum.Parse<AddressSource>(key), key);
        var target = new DaemonAddress(null, new Uri("http://192.0.2.1:80/"), Enum.Parse<AddressSource>(address));

        Assert.Equal(mayGo, written.MayGoTo(target, new DaemonConnection(Stream.Null, isOwn)));
    }

    [Fact]
    public void A_port_that_a_file_of_the_working_directory_names_is_of_the_source_File()
    {
        using var folder = new TemporaryFolder();
        folder.Write("model-runner.json", """{ "port": 4444 }""");
        DaemonOptions options = Options(folder, ("MODEL_RUNNER_API_KEY", "s3cret"));

        DaemonAddress address = DaemonLocator.Find(null, options);
        ClientKey key = ClientKey.Find(null, options)!;

        Assert.Equal(("http://127.0.0.1:4444", AddressSource.File), (address.ToString(), address.Source));
        Assert.Equal(AddressSource.Environment, key.Source);
        Assert.False(key.MayGoTo(address, new DaemonConnection(Stream.Null, isOwnUsers: false)));
    }

    [Fact]
    public void An_address_with_one_part_from_the_file_is_the_files()
    {
        using var folder = new TemporaryFolder();
        folder.Write("model-runner.json", """{ "bind": "192.0.2.7", "insecure": true }""");

        DaemonAddress address = DaemonLocator.Find(null, Options(folder, ("MODEL_RUNNER_PORT", "80")));

        Assert.Equal(("http://192.0.2.7", AddressSource.File), (address.ToString(), address.Source));
    }

    [Fact]
    public void A_key_can_come_from_a_file_that_a_flag_names()
    {
        using var folder = new TemporaryFolder();
        folder.Write("key", "s3cret\n");
        folder.Write("empty", "\n");
        DaemonOptions options = Options(folder, ("MODEL_RUNNER_API_KEY", "other"));

        Assert.Equal(("s3cret", AddressSource.Flag), (ClientKey.Find("key", options)!.Value, ClientKey.Find("key", options)!.Source));
        Assert.Equal(2, Assert.Throws<CliFailure>(() => ClientKey.Find("empty", options)).ExitCode);
        Assert.EndsWith("/missing does not exist", Assert.Throws<CliFailure>(() => ClientKey.Find("missing", options)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_key_that_was_not_sent_is_explained()
    {
        await using FakeDaemon daemon = (await FakeDaemon.StartAsync()).On("/engines/ps", """{"error":{"message":"a key is needed"}}""", 401);

        Assert.Equal(
            $"model-runner: the daemon at unix:{daemon.SocketPath} requires a key; set MODEL_RUNNER_API_KEY to the key of the daemon, "
            + "or name a file that holds it with --api-key-file\n",
            (await daemon.RunAsync(["ps"])).Error);
    }

    [Fact]
    public void A_listener_of_this_process_is_this_users_and_a_port_without_one_is_not()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var endPoint = (IPEndPoint)listener.LocalEndpoint;

        Assert.True(PeerUser.IsOwnListener(endPoint));
        Assert.False(PeerUser.IsOwnListener(new IPEndPoint(IPAddress.Parse("192.0.2.1"), endPoint.Port)));
        listener.Stop();
        Assert.False(PeerUser.IsOwnListener(endPoint));
    }

    [Theory]
    [InlineData("127.0.0.1", "0100007F:1F90", "OWN", true)]
    [InlineData("127.0.0.1", "00000000:1F90", "OWN", true)]
    [InlineData("127.0.0.1", "0100007F:1F90", "0", true)]
    [InlineData("127.0.0.1", "0100007F:1F90", "OTHER", false)]
    [InlineData("127.0.0.1", "0200007F:1F90", "OWN", false)]
    [InlineData("127.0.0.1", "0100007F:1F91", "OWN", false)]
    [InlineData("::1", "00000000000000000000000001000000:1F90", "OWN", true)]
    [InlineData("::1", "00000000000000000000000001000000:1F90", "OTHER", false)]
    [InlineData("127.0.0.1", "00000000000000000000000000000000:1F90", "OWN", true)]
    [InlineData("127.0.0.1", "0000000000000000FFFF00000100007F:1F90", "OWN", true)]
    [InlineData("127.0.0.1", "nonsense", "OWN", false)]
    public void The_user_of_a_listener_is_read_from_the_kernels_table(string address, string local, string user, bool isOwn)
    {
        Assert.Equal(isOwn, PeerUser.IsOwnListener(IPAddress.Parse(address), 8080, [Header, Line(local, user)]));
    }

    [Fact]
    public void With_one_foreign_listener_the_key_is_not_sent() => Assert.False(PeerUser.IsOwnListener(
        IPAddress.Loopback, 8080, [Header, Line("00000000:1F90", "OWN"), Line("0100007F:1F90", "OTHER")]));

    private static string Line(string local, string user)
    {
        uint own = PrivateFolder.User;
        string number = user switch
        {
            "OWN" => own.ToString(CultureInfo.InvariantCulture),
            "OTHER" => (own + 7).ToString(CultureInfo.InvariantCulture),
            _ => user,
        };
        return $"   0: {local} 00000000:0000 0A 00000000:00000000 00:00000000 00000000 {number} 0 12345 1 0000000000000000 100 0 0 10 0";
    }

    private static DaemonOptions Options(TemporaryFolder folder, params (string Name, string Value)[] variables)
    {
        var environment = variables.ToDictionary(static variable => variable.Name, static variable => variable.Value, StringComparer.Ordinal);
        environment["XDG_RUNTIME_DIR"] = folder.Path;
        return new DaemonOptions { Environment = environment, WorkingDirectory = folder.Path, BaseDirectory = folder.Path };
    }
}
