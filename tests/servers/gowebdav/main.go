package main

import (
	"bytes"
	"context"
	"crypto/sha1"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-ical"
	"github.com/emersion/go-vcard"
	"github.com/emersion/go-webdav"
	"github.com/emersion/go-webdav/caldav"
	"github.com/emersion/go-webdav/carddav"
)

type key struct{}

func who(ctx context.Context) string { return ctx.Value(key{}).(string) }

type obj struct {
	data []byte
	mod  time.Time
	etag string
}

var (
	mu    sync.Mutex
	cals  = map[string]*caldav.Calendar{}
	books = map[string]*carddav.AddressBook{}
	objs  = map[string]obj{}
)

func notFound() error { return webdav.NewHTTPError(http.StatusNotFound, fmt.Errorf("not found")) }
func own(ctx context.Context, p string) error {
	if !strings.HasPrefix(p, "/"+who(ctx)+"/") {
		return webdav.NewHTTPError(http.StatusForbidden, fmt.Errorf("not yours"))
	}
	return nil
}
func put(p string, b []byte, none, match webdav.ConditionalMatch) (obj, error) {
	old, exists := objs[p]
	pre := func() error { return webdav.NewHTTPError(http.StatusPreconditionFailed, fmt.Errorf("precondition")) }
	if none.IsWildcard() && exists {
		return old, pre()
	}
	if match.IsSet() {
		if e, err := match.ETag(); !exists || !match.IsWildcard() && (err != nil || e != old.etag) {
			return old, pre()
		}
	}
	o := obj{b, time.Now(), fmt.Sprintf("%x", sha1.Sum(b))}
	objs[p] = o
	return o, nil
}

type princ struct{}

func (princ) CurrentUserPrincipal(ctx context.Context) (string, error) {
	return "/" + who(ctx) + "/", nil
}

type cb struct{ princ }

func (cb) CalendarHomeSetPath(ctx context.Context) (string, error) {
	return "/" + who(ctx) + "/cal/", nil
}
func (cb) CreateCalendar(ctx context.Context, c *caldav.Calendar) error {
	mu.Lock()
	defer mu.Unlock()
	if err := own(ctx, c.Path); err != nil {
		return err
	}
	if cals[c.Path] != nil {
		return webdav.NewHTTPError(http.StatusMethodNotAllowed, fmt.Errorf("exists"))
	}
	cals[c.Path] = c
	return nil
}
func (cb) ListCalendars(ctx context.Context) (r []caldav.Calendar, err error) {
	mu.Lock()
	defer mu.Unlock()
	for p, c := range cals {
		if own(ctx, p) == nil {
			r = append(r, *c)
		}
	}
	return
}
func (cb) GetCalendar(ctx context.Context, p string) (*caldav.Calendar, error) {
	mu.Lock()
	defer mu.Unlock()
	if c := cals[p]; c != nil && own(ctx, p) == nil {
		return c, nil
	}
	return nil, notFound()
}
func mkc(p string, o obj) (*caldav.CalendarObject, error) {
	d, err := ical.NewDecoder(bytes.NewReader(o.data)).Decode()
	return &caldav.CalendarObject{Path: p, ModTime: o.mod, ContentLength: int64(len(o.data)), ETag: o.etag, Data: d}, err
}
func (cb) GetCalendarObject(ctx context.Context, p string, _ *caldav.CalendarCompRequest) (*caldav.CalendarObject, error) {
	mu.Lock()
	defer mu.Unlock()
	if o, ok := objs[p]; ok && own(ctx, p) == nil {
		return mkc(p, o)
	}
	return nil, notFound()
}
func (cb) ListCalendarObjects(ctx context.Context, p string, _ *caldav.CalendarCompRequest) (r []caldav.CalendarObject, err error) {
	mu.Lock()
	defer mu.Unlock()
	for k, o := range objs {
		if strings.HasPrefix(k, p) && own(ctx, k) == nil {
			c, err := mkc(k, o)
			if err != nil {
				return nil, err
			}
			r = append(r, *c)
		}
	}
	return
}
func (b cb) QueryCalendarObjects(ctx context.Context, p string, q *caldav.CalendarQuery) ([]caldav.CalendarObject, error) {
	l, err := b.ListCalendarObjects(ctx, p, nil)
	if err != nil {
		return nil, err
	}
	return caldav.Filter(q, l)
}
func (cb) PutCalendarObject(ctx context.Context, p string, c *ical.Calendar, opt *caldav.PutCalendarObjectOptions) (*caldav.CalendarObject, error) {
	if err := own(ctx, p); err != nil {
		return nil, err
	}
	if _, _, err := caldav.ValidateCalendarObject(c); err != nil {
		return nil, caldav.NewPreconditionError(caldav.PreconditionValidCalendarObjectResource)
	}
	var b bytes.Buffer
	if err := ical.NewEncoder(&b).Encode(c); err != nil {
		return nil, caldav.NewPreconditionError(caldav.PreconditionValidCalendarData)
	}
	mu.Lock()
	defer mu.Unlock()
	if cals[p[:strings.LastIndex(p, "/")+1]] == nil {
		return nil, webdav.NewHTTPError(http.StatusConflict, fmt.Errorf("no such calendar"))
	}
	o, err := put(p, b.Bytes(), opt.IfNoneMatch, opt.IfMatch)
	if err != nil {
		return nil, err
	}
	return mkc(p, o)
}
func (cb) DeleteCalendarObject(ctx context.Context, p string) error { return del(ctx, p) }
func del(ctx context.Context, p string) error {
	mu.Lock()
	defer mu.Unlock()
	if _, ok := objs[p]; !ok || own(ctx, p) != nil {
		if cals[p] == nil && books[p] == nil {
			return notFound()
		}
	}
	for k := range objs {
		if k == p || strings.HasSuffix(p, "/") && strings.HasPrefix(k, p) {
			delete(objs, k)
		}
	}
	delete(cals, p)
	delete(books, p)
	return nil
}

type ab struct{ princ }

func (ab) AddressBookHomeSetPath(ctx context.Context) (string, error) {
	return "/" + who(ctx) + "/card/", nil
}
func (ab) ListAddressBooks(ctx context.Context) (r []carddav.AddressBook, err error) {
	mu.Lock()
	defer mu.Unlock()
	for p, c := range books {
		if own(ctx, p) == nil {
			r = append(r, *c)
		}
	}
	return
}
func (ab) GetAddressBook(ctx context.Context, p string) (*carddav.AddressBook, error) {
	mu.Lock()
	defer mu.Unlock()
	if c := books[p]; c != nil && own(ctx, p) == nil {
		return c, nil
	}
	return nil, notFound()
}
func (ab) CreateAddressBook(ctx context.Context, c *carddav.AddressBook) error {
	mu.Lock()
	defer mu.Unlock()
	if err := own(ctx, c.Path); err != nil {
		return err
	}
	books[c.Path] = c
	return nil
}
func (ab) DeleteAddressBook(ctx context.Context, p string) error { return del(ctx, p) }
func mka(p string, o obj) (*carddav.AddressObject, error) {
	d, err := vcard.NewDecoder(bytes.NewReader(o.data)).Decode()
	return &carddav.AddressObject{Path: p, ModTime: o.mod, ContentLength: int64(len(o.data)), ETag: o.etag, Card: d}, err
}
func (ab) GetAddressObject(ctx context.Context, p string, _ *carddav.AddressDataRequest) (*carddav.AddressObject, error) {
	mu.Lock()
	defer mu.Unlock()
	if o, ok := objs[p]; ok && own(ctx, p) == nil {
		return mka(p, o)
	}
	return nil, notFound()
}
func (ab) ListAddressObjects(ctx context.Context, p string, _ *carddav.AddressDataRequest) (r []carddav.AddressObject, err error) {
	mu.Lock()
	defer mu.Unlock()
	for k, o := range objs {
		if strings.HasPrefix(k, p) && own(ctx, k) == nil {
			c, err := mka(k, o)
			if err != nil {
				return nil, err
			}
			r = append(r, *c)
		}
	}
	return
}
func (b ab) QueryAddressObjects(ctx context.Context, p string, q *carddav.AddressBookQuery) ([]carddav.AddressObject, error) {
	l, err := b.ListAddressObjects(ctx, p, nil)
	if err != nil {
		return nil, err
	}
	return carddav.Filter(q, l)
}
func (ab) PutAddressObject(ctx context.Context, p string, c vcard.Card, opt *carddav.PutAddressObjectOptions) (*carddav.AddressObject, error) {
	if err := own(ctx, p); err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := vcard.NewEncoder(&b).Encode(c); err != nil {
		return nil, carddav.NewPreconditionError(carddav.PreconditionValidAddressData)
	}
	mu.Lock()
	defer mu.Unlock()
	o, err := put(p, b.Bytes(), opt.IfNoneMatch, opt.IfMatch)
	if err != nil {
		return nil, err
	}
	return mka(p, o)
}
func (ab) DeleteAddressObject(ctx context.Context, p string) error { return del(ctx, p) }

func main() {
	for _, u := range []string{"alice", "bob"} {
		cals["/"+u+"/cal/default/"] = &caldav.Calendar{Path: "/" + u + "/cal/default/", Name: "Default"}
		books["/"+u+"/card/default/"] = &carddav.AddressBook{Path: "/" + u + "/card/default/", Name: "Default"}
	}
	ch, ah := &caldav.Handler{Backend: cb{}}, &carddav.Handler{Backend: ab{}}
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		u, p, _ := r.BasicAuth()
		if (u != "alice" && u != "bob") || p != u+"-pw" {
			w.Header().Set("WWW-Authenticate", `Basic realm="gowebdav"`)
			http.Error(w, "unauthorized", http.StatusUnauthorized)
			return
		}
		r = r.WithContext(context.WithValue(r.Context(), key{}, u))
		parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
		switch {
		case r.URL.Path == "/.well-known/caldav" || len(parts) > 1 && parts[1] == "cal":
			ch.ServeHTTP(w, r)
		case r.URL.Path == "/.well-known/carddav" || len(parts) > 1 && parts[1] == "card":
			ah.ServeHTTP(w, r)
		default:
			webdav.ServePrincipal(w, r, &webdav.ServePrincipalOptions{CurrentUserPrincipalPath: "/" + u + "/",
				HomeSets:     []webdav.BackendSuppliedHomeSet{caldav.NewCalendarHomeSet("/" + u + "/cal/"), carddav.NewAddressBookHomeSet("/" + u + "/card/")},
				Capabilities: []webdav.Capability{caldav.CapabilityCalendar, carddav.CapabilityAddressBook}})
		}
	})
	fmt.Fprintln(os.Stderr, http.ListenAndServe(os.Args[1], h))
	os.Exit(1)
}
