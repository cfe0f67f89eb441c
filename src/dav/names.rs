//! Namespaces and names of elements, each with where it is defined.

/// `WebDAV` (RFC 4918).
pub const DAV: &str = "DAV:";
/// `CalDAV` (RFC 4791).
pub const CALDAV: &str = "urn:ietf:params:xml:ns:caldav";
/// `CardDAV` (RFC 6352).
pub const CARDDAV: &str = "urn:ietf:params:xml:ns:carddav";
/// Extensions of Apple's calendar server.
pub const CALENDARSERVER: &str = "http://calendarserver.org/ns/";
/// Apple's calendar program.
pub const APPLE: &str = "http://apple.com/ns/ical/";
/// `InfCloud`, whose colour of address books others took over.
pub const INFCLOUD: &str = "http://inf-it.com/ns/ab/";
/// Nextcloud's own.
pub const NEXTCLOUD: &str = "http://nextcloud.com/ns";
/// Radicale's namespace.
pub const RADICALE: &str = "http://radicale.org/ns/";

/// A qualified name of an element.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Name {
    /// The namespace.
    pub namespace: &'static str,
    /// The name in it.
    pub local: &'static str,
}

const fn name(namespace: &'static str, local: &'static str) -> Name {
    Name { namespace, local }
}

/// RFC 4918 §15.6.
pub const GETETAG: Name = name(DAV, "getetag");
/// RFC 4918 §15.4.
pub const GETCONTENTLENGTH: Name = name(DAV, "getcontentlength");
/// RFC 4918 §15.5.
pub const GETCONTENTTYPE: Name = name(DAV, "getcontenttype");
/// RFC 4918 §15.7.
pub const GETLASTMODIFIED: Name = name(DAV, "getlastmodified");
/// RFC 4918 §15.1.
pub const CREATIONDATE: Name = name(DAV, "creationdate");
/// RFC 4918 §15.9.
pub const RESOURCETYPE: Name = name(DAV, "resourcetype");
/// RFC 4918 §15.2.
pub const DISPLAYNAME: Name = name(DAV, "displayname");
/// RFC 4918 §14.3.
pub const COLLECTION: Name = name(DAV, "collection");
/// RFC 3744 §5.1.
pub const OWNER: Name = name(DAV, "owner");
/// RFC 3744 §5.5.
pub const CURRENT_USER_PRIVILEGE_SET: Name = name(DAV, "current-user-privilege-set");
/// RFC 5397 §3.
pub const CURRENT_USER_PRINCIPAL: Name = name(DAV, "current-user-principal");
/// RFC 5397 §3: nobody is signed in.
pub const UNAUTHENTICATED: Name = name(DAV, "unauthenticated");
/// RFC 5842 §3.1.
pub const RESOURCE_ID: Name = name(DAV, "resource-id");
/// RFC 6578 §6.1.
pub const SYNC_COLLECTION: Name = name(DAV, "sync-collection");
/// RFC 6578 §6.2.
pub const SYNC_TOKEN: Name = name(DAV, "sync-token");
/// RFC 6578 §6.3.
pub const SYNC_LEVEL: Name = name(DAV, "sync-level");
/// RFC 3253 §3.1.5.
pub const SUPPORTED_REPORT_SET: Name = name(DAV, "supported-report-set");
/// RFC 3744 §3.2.
pub const ACL_WRITE: Name = name(DAV, "write");
/// RFC 3744 §3.4.
pub const ACL_WRITE_CONTENT: Name = name(DAV, "write-content");
/// RFC 3744 §3.9.
pub const ACL_BIND: Name = name(DAV, "bind");
/// RFC 3744 §3.11.
pub const ACL_ALL: Name = name(DAV, "all");
/// RFC 4918 §14.7.
pub const HREF: Name = name(DAV, "href");
/// RFC 4918 §14.16.
pub const MULTISTATUS: Name = name(DAV, "multistatus");
/// RFC 4918 §14.24.
pub const RESPONSE: Name = name(DAV, "response");
/// RFC 4918 §14.22.
pub const PROPSTAT: Name = name(DAV, "propstat");
/// RFC 4918 §14.18.
pub const PROP: Name = name(DAV, "prop");
/// RFC 4918 §14.28.
pub const STATUS: Name = name(DAV, "status");
/// RFC 4918 §14.5.
pub const ERROR: Name = name(DAV, "error");
/// RFC 4918 §14.25.
pub const RESPONSEDESCRIPTION: Name = name(DAV, "responsedescription");
/// RFC 4918 §14.20.
pub const PROPFIND: Name = name(DAV, "propfind");
/// RFC 4918 §14.2.
pub const ALLPROP: Name = name(DAV, "allprop");
/// RFC 4918 §14.21.
pub const PROPNAME: Name = name(DAV, "propname");
/// RFC 4918 §14.19.
pub const PROPERTYUPDATE: Name = name(DAV, "propertyupdate");
/// RFC 4918 §14.26.
pub const SET: Name = name(DAV, "set");
/// RFC 5689 §5.1.
pub const MKCOL: Name = name(DAV, "mkcol");
/// RFC 4791 §9.1.
pub const CALENDAR: Name = name(CALDAV, "calendar");
/// RFC 4791 §6.2.1.
pub const CALENDAR_HOME_SET: Name = name(CALDAV, "calendar-home-set");
/// RFC 4791 §5.2.1.
pub const CALENDAR_DESCRIPTION: Name = name(CALDAV, "calendar-description");
/// RFC 4791 §5.2.2.
pub const CALENDAR_TIMEZONE: Name = name(CALDAV, "calendar-timezone");
/// RFC 4791 §5.2.3.
pub const SUPPORTED_CALENDAR_COMPONENT_SET: Name = name(CALDAV, "supported-calendar-component-set");
/// RFC 4791 §5.2.4.
pub const SUPPORTED_CALENDAR_DATA: Name = name(CALDAV, "supported-calendar-data");
/// RFC 4791 §5.2.5.
pub const CALENDAR_MAX_RESOURCE_SIZE: Name = name(CALDAV, "max-resource-size");
/// RFC 4791 §9.6.1.
pub const CALENDAR_COMP: Name = name(CALDAV, "comp");
/// RFC 4791 §9.6.
pub const CALENDAR_DATA: Name = name(CALDAV, "calendar-data");
/// RFC 4791 §9.10.
pub const CALENDAR_MULTIGET: Name = name(CALDAV, "calendar-multiget");
/// RFC 4791 §9.5.
pub const CALENDAR_QUERY: Name = name(CALDAV, "calendar-query");
/// RFC 4791 §9.7.
pub const CALENDAR_FILTER: Name = name(CALDAV, "filter");
/// RFC 4791 §9.7.1.
pub const CALENDAR_COMP_FILTER: Name = name(CALDAV, "comp-filter");
/// RFC 4791 §9.2.
pub const MKCALENDAR: Name = name(CALDAV, "mkcalendar");
/// RFC 6638 §9.1.
pub const SCHEDULE_CALENDAR_TRANSP: Name = name(CALDAV, "schedule-calendar-transp");
/// RFC 6638 §2.1.1: a server that has it for us sends invitations.
pub const SCHEDULE_OUTBOX_URL: Name = name(CALDAV, "schedule-outbox-URL");
/// RFC 6638 §2.4.1: the addresses by which we are invited.
pub const CALENDAR_USER_ADDRESS_SET: Name = name(CALDAV, "calendar-user-address-set");
/// RFC 6352 §10.1.
pub const ADDRESSBOOK: Name = name(CARDDAV, "addressbook");
/// RFC 6352 §7.1.1.
pub const ADDRESSBOOK_HOME_SET: Name = name(CARDDAV, "addressbook-home-set");
/// RFC 6352 §6.2.1.
pub const ADDRESSBOOK_DESCRIPTION: Name = name(CARDDAV, "addressbook-description");
/// RFC 6352 §6.2.2.
pub const SUPPORTED_ADDRESS_DATA: Name = name(CARDDAV, "supported-address-data");
/// RFC 6352 §6.2.3.
pub const ADDRESSBOOK_MAX_RESOURCE_SIZE: Name = name(CARDDAV, "max-resource-size");
/// RFC 6352 §10.4.
pub const ADDRESS_DATA: Name = name(CARDDAV, "address-data");
/// RFC 6352 §10.7.
pub const ADDRESSBOOK_MULTIGET: Name = name(CARDDAV, "addressbook-multiget");
/// RFC 6352 §10.3.
pub const ADDRESSBOOK_QUERY: Name = name(CARDDAV, "addressbook-query");
/// RFC 6352 §10.5.
pub const ADDRESSBOOK_FILTER: Name = name(CARDDAV, "filter");
/// RFC 6352 §10.5.1.
pub const ADDRESSBOOK_PROP_FILTER: Name = name(CARDDAV, "prop-filter");
/// RFC 6352 §10.5.4.
pub const ADDRESSBOOK_TEXT_MATCH: Name = name(CARDDAV, "text-match");
/// Calendar server's `caldav-ctag`: changes whenever something in the collection does.
pub const GETCTAG: Name = name(CALENDARSERVER, "getctag");
/// how many items a collection has; Radicale's.
pub const CONTENT_COUNT: Name = name(RADICALE, "getcontentcount");
/// a copy of a feed; calendarserver's extension.
pub const SUBSCRIBED: Name = name(CALENDARSERVER, "subscribed");
/// where a subscribed calendar comes from; calendarserver's extension.
pub const SOURCE: Name = name(CALENDARSERVER, "source");
/// `#RRGGBB` or `#RRGGBBAA`; Apple's, and everybody's.
pub const CALENDAR_COLOR: Name = name(APPLE, "calendar-color");
/// the place in a list of calendars; Apple's.
pub const CALENDAR_ORDER: Name = name(APPLE, "calendar-order");
/// `#RRGGBB` or `#RRGGBBAA`; `InfCloud`'s, and Radicale's.
pub const ADDRESSBOOK_COLOR: Name = name(INFCLOUD, "addressbook-color");
/// a collection that its owner shares with us; calendarserver's extension.
pub const SHARED: Name = name(CALENDARSERVER, "shared");
/// Nextcloud's bin in a calendar home.
pub const TRASH_BIN: Name = name(NEXTCLOUD, "trash-bin");
/// A calendar in Nextcloud's bin.
pub const DELETED_CALENDAR: Name = name(NEXTCLOUD, "deleted-calendar");
