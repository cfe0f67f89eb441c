<?php
// SabreDAV as its own documentation sets it up; the database lies in the current folder.
if (preg_match('{^/\.well-known/(caldav|carddav)/?$}', $_SERVER['REQUEST_URI'])) {
    header('Location: /', true, 301);
    return;
}
date_default_timezone_set('UTC');
ini_set('memory_limit', '1G');
ini_set('display_errors', '0');
error_reporting(E_ALL & ~E_DEPRECATED);
require '/usr/share/php/Sabre/autoload.php';

class Passwords extends Sabre\DAV\Auth\Backend\AbstractBasic
{
    protected function validateUserPass($user, $password)
    {
        return in_array("$user:$password", ['alice:alice-pw', 'bob:bob-pw'], true);
    }
}

$pdo = new PDO('sqlite:' . getcwd() . '/db.sqlite');
$pdo->setAttribute(PDO::ATTR_ERRMODE, PDO::ERRMODE_EXCEPTION);
$pdo->exec('PRAGMA busy_timeout=30000');
$principals = new Sabre\DAVACL\PrincipalBackend\PDO($pdo);
$server = new Sabre\DAV\Server([
    new Sabre\CalDAV\Principal\Collection($principals),
    new Sabre\CalDAV\CalendarRootNode($principals, new Sabre\CalDAV\Backend\PDO($pdo)),
    new Sabre\CardDAV\AddressBookRoot($principals, new Sabre\CardDAV\Backend\PDO($pdo)),
]);
$server->setBaseUri('/');
$server->addPlugin(new Sabre\DAV\Auth\Plugin(new Passwords(), 'SabreDAV'));
$server->addPlugin(new Sabre\DAVACL\Plugin());
$server->addPlugin(new Sabre\CalDAV\Plugin());
$server->addPlugin(new Sabre\CardDAV\Plugin());
$server->exec();
