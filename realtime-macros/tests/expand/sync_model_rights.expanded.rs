// What sync_model_rights.rs becomes.
const _: () = {
    fn __realtime_type_0(
        types: &mut ::realtime_core::__private::Types,
    ) -> ::realtime_core::__private::Ty {
        <String as ::realtime_core::__private::Described>::describe(types)
    }
    fn __realtime_type_1(
        types: &mut ::realtime_core::__private::Types,
    ) -> ::realtime_core::__private::Ty {
        <String as ::realtime_core::__private::Described>::describe(types)
    }
    fn __realtime_type_2(
        types: &mut ::realtime_core::__private::Types,
    ) -> ::realtime_core::__private::Ty {
        <Vec<String> as ::realtime_core::__private::Described>::describe(types)
    }
    fn __realtime_read(
        principal: &<Room as ::realtime_core::__private::SyncModel>::Principal,
        entity: ::core::option::Option<&Room>,
        root: ::core::option::Option<
            &<Room as ::realtime_core::__private::SyncModel>::Root,
        >,
    ) -> ::realtime_core::__private::Answer {
        ::realtime_core::__private::Policy::<
            _,
            Room,
            _,
        >::ask(&member, principal, entity, root)
    }
    fn __realtime_open(
        principal: &<Room as ::realtime_core::__private::SyncModel>::Principal,
        entity: ::core::option::Option<&Room>,
        root: ::core::option::Option<
            &<Room as ::realtime_core::__private::SyncModel>::Root,
        >,
    ) -> ::realtime_core::__private::Answer {
        ::realtime_core::__private::Policy::<
            _,
            Room,
            _,
        >::ask(&member, principal, entity, root)
            .or(|| ::realtime_core::__private::Policy::<
                _,
                Room,
                _,
            >::ask(&User::staff, principal, entity, root))
    }
    fn __realtime_write_1(
        principal: &<Room as ::realtime_core::__private::SyncModel>::Principal,
        entity: ::core::option::Option<&Room>,
        root: ::core::option::Option<
            &<Room as ::realtime_core::__private::SyncModel>::Root,
        >,
    ) -> ::realtime_core::__private::Answer {
        ::realtime_core::__private::Policy::<
            _,
            Room,
            _,
        >::ask(&host, principal, entity, root)
    }
    fn __realtime_read_2(
        principal: &<Room as ::realtime_core::__private::SyncModel>::Principal,
        entity: ::core::option::Option<&Room>,
        root: ::core::option::Option<
            &<Room as ::realtime_core::__private::SyncModel>::Root,
        >,
    ) -> ::realtime_core::__private::Answer {
        ::realtime_core::__private::Policy::<
            _,
            Room,
            _,
        >::ask(&host, principal, entity, root)
            .and(|| {
                ::realtime_core::__private::Policy::<
                    _,
                    Room,
                    _,
                >::ask(&User::guest, principal, entity, root)
                    .not()
            })
    }
    fn __realtime_write_2(
        principal: &<Room as ::realtime_core::__private::SyncModel>::Principal,
        entity: ::core::option::Option<&Room>,
        root: ::core::option::Option<
            &<Room as ::realtime_core::__private::SyncModel>::Root,
        >,
    ) -> ::realtime_core::__private::Answer {
        ::realtime_core::__private::Policy::<
            _,
            Room,
            _,
        >::ask(&host, principal, entity, root)
    }
    fn __realtime_decode(
        columns: &mut ::realtime_core::__private::Columns<'_>,
    ) -> ::core::result::Result<Room, ::realtime_core::__private::RawError> {
        ::core::result::Result::Ok(Room {
            id: columns.take::<String>("id")?,
            title: columns
                .take_or::<String>("title", || ::core::convert::Into::into("new room"))?,
            reports: columns.take::<Vec<String>>("reports")?,
        })
    }
    #[automatically_derived]
    #[diagnostic::do_not_recommend]
    impl ::realtime_core::__private::Described for Room {
        fn describe(
            types: &mut ::realtime_core::__private::Types,
        ) -> ::realtime_core::__private::Ty {
            types
                .named::<
                    Self,
                >(
                    "Room",
                    |types| ::realtime_core::__private::TypeDef {
                        name: "Room".into(),
                        doc: "".into(),
                        shape: ::realtime_core::__private::Shape::Struct(
                            ::std::vec![
                                ::realtime_core::__private::Field { number : 0, rust : "id"
                                .into(), name : "id".into(), ty : __realtime_type_0(types),
                                doc : "".into(), optional : false, rules : ::std::vec![], },
                                ::realtime_core::__private::Field { number : 0, rust :
                                "title".into(), name : "title".into(), ty :
                                __realtime_type_1(types), doc : "".into(), optional : true,
                                rules : ::std::vec![], }, ::realtime_core::__private::Field
                                { number : 0, rust : "reports".into(), name : "reports"
                                .into(), ty : __realtime_type_2(types), doc : "".into(),
                                optional : false, rules : ::std::vec![], }
                            ],
                        ),
                        copy: {
                            use ::realtime_core::__private::lowered::NotCopy as _;
                            ::realtime_core::__private::lowered::CopyProbe::<Room>::COPY
                        },
                    },
                )
        }
    }
    #[automatically_derived]
    #[diagnostic::do_not_recommend]
    impl ::realtime_core::__private::lowered::Has<
        ::realtime_core::__private::lowered::m::clone,
    > for Room {}
    #[automatically_derived]
    impl ::realtime_core::__private::SyncModel for Room {
        type Principal = User;
        type Root = Room;
        const NUMBER: u16 = ::realtime_core::__private::model_number("Room");
        fn key(&self) -> &str {
            <String as ::realtime_core::__private::KeyField>::as_key(&self.id)
        }
        fn parts() -> ::realtime_core::__private::ModelParts<Self> {
            use ::realtime_core::__private::lowered::{
                NoMutations as _, SomeMutations as _,
            };
            ::realtime_core::__private::ModelParts {
                name: "Room",
                doc: "",
                topic: ::realtime_core::__private::TopicDecl::Root("room/{id}"),
                version: 1u32,
                key: "id",
                topic_fields: |entity| {
                    ::std::vec![::realtime_core::__private::lowered::key_of(entity)]
                },
                columns: ::std::vec![
                    ::realtime_core::__private::ColumnDef { rust : "id", name : "id",
                    number : ::realtime_core::__private::column_number("id"), doc : "",
                    ty : __realtime_type_0, optional : false, rules : ::std::vec![], read
                    : ::core::option::Option::None, write : ::core::option::Option::None,
                    encode : | entity : & Room |
                    ::realtime_core::__private::Raw::encode(& entity.id), },
                    ::realtime_core::__private::ColumnDef { rust : "title", name :
                    "title", number : ::realtime_core::__private::column_number("title"),
                    doc : "", ty : __realtime_type_1, optional : true, rules :
                    ::std::vec![], read : ::core::option::Option::None, write :
                    ::core::option::Option::Some(__realtime_write_1), encode : | entity :
                    & Room | ::realtime_core::__private::Raw::encode(& entity.title), },
                    ::realtime_core::__private::ColumnDef { rust : "reports", name :
                    "reports", number :
                    ::realtime_core::__private::column_number("reports"), doc : "", ty :
                    __realtime_type_2, optional : false, rules : ::std::vec![], read :
                    ::core::option::Option::Some(__realtime_read_2), write :
                    ::core::option::Option::Some(__realtime_write_2), encode : | entity :
                    & Room | ::realtime_core::__private::Raw::encode(& entity.reports), }
                ],
                decode: __realtime_decode,
                read: ::core::option::Option::Some(__realtime_read),
                every: ::core::option::Option::Some(50u32),
                retain: ::core::option::Option::None,
                open: ::core::option::Option::Some(__realtime_open),
                create: ::core::option::Option::None,
                delete: ::core::option::Option::None,
                patch: ::core::option::Option::None,
                anyone: &[],
                mutations: (&::realtime_core::__private::lowered::MutationsOf::<
                    Room,
                >::NEW)
                    .list(),
            }
        }
    }
    #[automatically_derived]
    #[diagnostic::do_not_recommend]
    impl ::realtime_core::__private::InTopic<Room> for Room {}
};
