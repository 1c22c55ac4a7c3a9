# A handler of inbound mail with Action Mailbox of Rails. For each request it prints, as a line of JSON, the status and the
# messages that were stored.
#
#     MAILGUN_INGRESS_SIGNING_KEY=… PORT=3000 ruby action_mailbox_app.rb
#
# Action Mailbox has one provider at a time; here it is the one in the path of the request.

require "action_mailbox/engine"
require "base64"
require "digest"
require "json"
require "rack/handler/webrick"
require "tmpdir"

FOLDER = Dir.mktmpdir
ENV["DATABASE_URL"] = "sqlite3:#{FOLDER}/mails.sqlite3"

class App < Rails::Application
  config.load_defaults 6.1
  config.root = FOLDER
  config.eager_load = false
  config.hosts.clear
  config.secret_key_base = "test"
  config.logger = Logger.new(IO::NULL)
  config.active_job.queue_adapter = :test
  config.active_storage.service = :local
  config.active_storage.service_configurations = {"local" => {"service" => "Disk", "root" => "#{FOLDER}/files"}}
end

App.initialize!
ActiveRecord::Migration.verbose = false
gems = [ActiveStorage::Engine, ActionMailbox::Engine]
gems.flat_map { |it| Dir["#{it.root}/db/migrate/*.rb"].sort }.each { |file| require file }
[CreateActiveStorageTables, CreateActionMailboxTables].each { |it| it.new.migrate(:up) }

def tried
  yield
rescue StandardError => error
  "#{error.class}: #{error.message}"
end

def addresses(field)
  field = field&.field if field.is_a?(Mail::Field)
  return [] unless field.respond_to?(:addrs)
  field.addrs.map { |it| {name: Mail::Encodings.value_decode(it.display_name.to_s), address: it.address} }
end

def shown_file(part)
  content = part.decoded.b
  {
    name: part.filename,
    content_type: part.mime_type,
    content_id: part.content_id&.delete("<>"),
    size: content.bytesize,
    sha256: Digest::SHA256.hexdigest(content),
    sha256_lf: Digest::SHA256.hexdigest(content.gsub("\r\n", "\n"))
  }
end

def parts(mail)
  mail.multipart? ? mail.all_parts : [mail]
end

def body_of(mail, type)
  part = parts(mail).find { |it| (it.mime_type || "text/plain") == type && !it.attachment? }
  part&.decoded
end

def shown(email)
  mail = email.mail
  {
    raw: Base64.strict_encode64(email.source),
    from: tried { addresses(mail[:from]) },
    to: tried { addresses(mail[:to]) },
    cc: tried { addresses(mail[:cc]) },
    subject: tried { mail.subject },
    text: tried { body_of(mail, "text/plain") },
    html: tried { body_of(mail, "text/html") },
    files: tried { parts(mail).select(&:attachment?).map { |it| shown_file(it) } },
    original_to: tried { Array(mail[:x_original_to]).map(&:to_s) }
  }
end

handler = proc do |env|
  ActionMailbox.ingress = env["PATH_INFO"][%r{action_mailbox/(\w+)/}, 1]&.to_sym
  status, headers, body = App.call(env)
  messages = ActionMailbox::InboundEmail.all.map { |email| shown(email) }
  ActionMailbox::InboundEmail.delete_all
  puts JSON.generate(status: status, messages: messages)
  $stdout.flush
  [status, headers, body]
end

ready = proc do |server|
  puts "listening on http://127.0.0.1:#{server.listeners.first.addr[1]}"
  $stdout.flush
end
options = {Host: "127.0.0.1", Port: Integer(ENV.fetch("PORT", "0")), AccessLog: [], Logger: WEBrick::Log.new(IO::NULL)}
Rack::Handler::WEBrick.run(handler, **options, &ready)
